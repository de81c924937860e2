// SPDX-License-Identifier: Apache-2.0
// What an operator may choose about QEMU. The rest of a machine is MachineConfig.
#pragma once

#include <string>

#include "vmm/qemu/sandbox_user.h"

namespace caisson::vmm {

enum class QemuAccelerator { tcg, kvm };

struct QemuOptions {
  QemuAccelerator accelerator = QemuAccelerator::tcg;
  std::string program = "qemu-system-x86_64";  // a path, or a name looked up in PATH
  // False only for a test's stand-in for QEMU. Without root QEMU runs unconfined anyway.
  bool confine = true;
  SandboxUser::Places user_places = {};
};

}  // namespace caisson::vmm
