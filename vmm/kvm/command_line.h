// SPDX-License-Identifier: Apache-2.0
// The kernel command line of a KvmMachine's guest. docs/boot-command-line.md gives the reason of each word.
#pragma once

#include <string>

#include "vmm/machine/machine.h"

namespace caisson::vmm {

[[nodiscard]] std::string kvm_command_line(const MachineConfig& config);

}  // namespace caisson::vmm
