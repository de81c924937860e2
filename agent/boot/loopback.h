// SPDX-License-Identifier: Apache-2.0
// Brings up the loopback interface of the caller's network namespace, which the kernel makes and leaves down.
// Used for the guest's own namespace and for a container's.
#pragma once

#include "common/result.h"

namespace caisson::agent {

Result<void> bring_loopback_up();

}  // namespace caisson::agent
