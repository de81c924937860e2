// SPDX-License-Identifier: Apache-2.0
// The guest kernel's command line. docs/boot-command-line.md gives the reason of each word.
#pragma once

#include <string>
#include <string_view>

#include "vmm/machine/machine.h"

namespace caisson::vmm {

// `machine_words`: those that one machine alone needs, without a blank at either end.
[[nodiscard]] std::string kernel_command_line(const MachineConfig& config, std::string_view machine_words);

}  // namespace caisson::vmm
