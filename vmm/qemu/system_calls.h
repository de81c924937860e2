// SPDX-License-Identifier: Apache-2.0
// The system calls QEMU may make, from the moment it executes: whoever breaks out of the guest into QEMU is
// held by this list. Made before the clone, loaded by the new process (vmm/qemu/confinement).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/result.h"

namespace caisson::vmm {

struct QemuCalls {
  // What is to be executed, by a number that QEMU's own limit of descriptors keeps it from ever using again.
  int program_fd = -1;
  bool kvm = false;  // it opens /dev/kvm
};

Result<std::vector<sock_filter>> qemu_system_calls(const QemuCalls& calls);

}  // namespace caisson::vmm
