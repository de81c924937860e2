// SPDX-License-Identifier: Apache-2.0
// The system calls caisson-vmm may make while a guest runs. Any other call fails with EPERM. Calls that only
// an intruder would make end the process. Loaded by the jail.
#pragma once

#include "vmm/jail/jail.h"

namespace caisson::vmm {

// Whether Unix sockets may be made and connected.
enum class Connects { no, yes };

// Loads the filter for this thread and all that it starts. Needs no_new_privs.
Result<void> allow_system_calls(JailKind kind, Connects connects = Connects::no);

}  // namespace caisson::vmm
