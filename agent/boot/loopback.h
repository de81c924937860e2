// SPDX-License-Identifier: Apache-2.0
// The loopback interface of the network namespace one is in, which the kernel makes and leaves down. For the
// guest's own, and for a container's.
#pragma once

#include "common/result.h"

namespace caisson::agent {

Result<void> bring_loopback_up();

}  // namespace caisson::agent
