// SPDX-License-Identifier: Apache-2.0
// The system calls QEMU may make, from the moment it executes. They hold an intruder who breaks out of the
// guest into QEMU. Made before the clone, loaded by the new process (vmm/qemu/confinement).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/result.h"

namespace caisson::vmm {

struct QemuCalls {
  // The descriptor of the program to execute. Its number lies beyond QEMU's limit of descriptors, so QEMU can
  // never use it again.
  int program_fd = -1;
  bool kvm = false;  // it opens /dev/kvm
};

Result<std::vector<sock_filter>> qemu_system_calls(const QemuCalls& calls);

}  // namespace caisson::vmm
