// SPDX-License-Identifier: Apache-2.0
// The system calls caisson-vmm may make while a guest runs; any other fails with EPERM. Loaded by the jail.
#pragma once

#include <span>

#include "vmm/jail/jail.h"

namespace caisson::vmm {

// Numbers for the machine we are built for.
[[nodiscard]] std::span<const int> allowed_system_calls(JailKind kind);

// Loads the filter for this thread and all that it starts. Needs no_new_privs.
Result<void> allow_system_calls(JailKind kind);

}  // namespace caisson::vmm
