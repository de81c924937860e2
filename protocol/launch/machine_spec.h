// SPDX-License-Identifier: Apache-2.0
// The specification of a machine: the same type in the settings (runtime/launch/settings.h), the launch
// document (launch_spec.h) and the machine (vmm/machine/machine.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/user_range.h"

namespace caisson {

// LIMIT: of any machine.
inline constexpr uint32_t kMostCpus = 64;

struct MachineSpec {
  uint32_t cpus = 1;          // 1 … kMostCpus: those that boot
  uint64_t memory_bytes = 0;  // multiple of 1 MiB: what Linux is told of at boot
  // All that the machine has, so that its guest can get more while it runs (docs/decisions/0006-growth.md). A
  // value that is not larger than the one above means no more.
  uint32_t max_cpus = 0;
  uint64_t max_memory_bytes = 0;       // multiple of 1 MiB
  std::string kernel;                  // path of an uncompressed vmlinux (ELF64, x86-64)
  std::string initramfs;               // path of a cpio archive
  std::string extra_kernel_arguments;  // words behind Caisson's own; printable ASCII
  bool console = false;  // true: the guest kernel logs to its 8250 from the first line, not only a panic
  bool count_instructions = false;  // QEMU only: -icount shift=0, so that the guest's TSC counts instructions
  UserRange users = kDefaultUsers;  // of which QEMU's process gets one

  [[nodiscard]] uint32_t all_cpus() const { return std::max(cpus, max_cpus); }
  [[nodiscard]] uint64_t ram_bytes() const { return std::max(memory_bytes, max_memory_bytes); }
};

}  // namespace caisson
