// SPDX-License-Identifier: Apache-2.0
// Huge pages for what every boot fills: on a host that is itself a virtual machine, QEMU's page faults on
// small pages of it were a fifth of a start (docs/budgets.md).
#pragma once

#include <cstdint>

#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

struct BootSizes {
  uint64_t kernel_bytes = 0;     // of the file
  uint64_t initramfs_bytes = 0;  // likewise
  uint64_t memory_bytes = 0;     // see MachineConfig
};

// Backs with huge pages, as far as the host has them, the memory that every guest of these sizes fills. May
// run while QEMU already loads into the same memory. A failure costs only the time that would have been
// saved.
void back_boot_memory(const GuestMemory& memory, const BootSizes& sizes);

}  // namespace caisson::vmm
