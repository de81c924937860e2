// SPDX-License-Identifier: Apache-2.0
// What an operator may choose about QEMU. The rest of a machine is MachineConfig.
#pragma once

#include <optional>
#include <string>

#include "vmm/qemu/child.h"

namespace caisson::vmm {

enum class QemuAccelerator { tcg, kvm };

struct QemuOptions {
  QemuAccelerator accelerator = QemuAccelerator::tcg;
  std::string program = "qemu-system-x86_64";  // a path, or a name looked up in PATH
  std::optional<Child::Identity>
      identity;  // see Child::Spec; none: nobody (65534) when we are root, else our own
};

}  // namespace caisson::vmm
