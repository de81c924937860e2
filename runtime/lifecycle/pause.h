// SPDX-License-Identifier: Apache-2.0
// Pausing is done twice: the guest freezes the container's processes, then its vCPUs stand still. So a paused
// container costs no CPU, and can yet be woken for a moment to be asked or killed (AwakeGuest) without a
// process of it running.
#pragma once

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Call both under the lock. Either can be repeated if it was interrupted half-way.
Result<void> pause_container(const ContainerDirectory& directory, ContainerState& state);
Result<void> resume_container(const ContainerDirectory& directory, ContainerState& state);

// Waits until a paused container is paused no more. Returns its state then: running or stopped.
Result<ContainerState> wait_for_resume(const ContainerDirectory& directory);

}  // namespace caisson::runtime
