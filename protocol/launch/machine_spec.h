// SPDX-License-Identifier: Apache-2.0
// What a machine is made of, in the same words from the settings (runtime/launch/settings.h) by the launch
// document (launch_spec.h) to the machine (vmm/machine/machine.h).
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
  // What the machine has, so that its guest can be given more while it runs (docs/decisions/0006-growth.md);
  // what is not more than the above means just that.
  uint32_t max_cpus = 0;
  uint64_t max_memory_bytes = 0;       // multiple of 1 MiB
  std::string kernel;                  // path of an uncompressed vmlinux (ELF64, x86-64)
  std::string initramfs;               // path of a cpio archive
  std::string extra_kernel_arguments;  // words behind our own; of printable ASCII
  bool console = false;  // true: the guest kernel logs to its 8250 from the first line, not only a panic
  bool count_instructions = false;  // QEMU only: -icount shift=0, so that the guest's TSC counts instructions
  UserRange users = kDefaultUsers;  // of which QEMU's process gets one

  [[nodiscard]] uint32_t all_cpus() const { return std::max(cpus, max_cpus); }
  [[nodiscard]] uint64_t ram_bytes() const { return std::max(memory_bytes, max_memory_bytes); }
};

}  // namespace caisson
