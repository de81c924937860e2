// SPDX-License-Identifier: Apache-2.0
// Huge pages for what every boot fills: on a host that is itself a virtual machine, QEMU's page faults on
// small pages of it were a fifth of a start (docs/budgets.md).
#pragma once

#include <cstdint>

#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

// Backs with huge pages, as far as the host has them, what a guest with a kernel file of `kernel_bytes` is
// known to fill. May run while QEMU already loads into the same memory. A failure costs only the time it was
// to save.
void back_boot_memory(const GuestMemory& memory, uint64_t kernel_bytes);

}  // namespace caisson::vmm
