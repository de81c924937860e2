// SPDX-License-Identifier: Apache-2.0
// Linux's "zero page" and what hangs on it: e820 map, command line, setup_data list [boot]. Written into
// guest memory by load_linux().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

struct BootParams {
  std::string command_line;
  GuestAddress initramfs{};
  uint64_t initramfs_bytes = 0;  // 0: none
  std::span<const std::byte> device_tree;
};

// LIMIT: COMMAND_LINE_SIZE of x86 Linux, its terminating zero included.
inline constexpr size_t kMaxCommandLineBytes = 2048;

// Writes all of it at the addresses of layout.h.
Result<void> write_boot_params(const GuestMemory& memory, const BootParams& params);

}  // namespace caisson::vmm
