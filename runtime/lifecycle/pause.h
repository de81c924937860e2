// SPDX-License-Identifier: Apache-2.0
// Pausing is done twice: the guest freezes the container's processes, then its vCPUs stand still. So a paused
// container costs no CPU, and can yet be woken for a moment to be asked or killed (AwakeGuest) without a
// process of it running.
#pragma once

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Under the lock, both. Interrupted half-way, either can be done again.
Result<void> pause_container(const ContainerDirectory& directory, ContainerState& state);
Result<void> resume_container(const ContainerDirectory& directory, ContainerState& state);

// Waits until a paused container is no longer: its state then, running or stopped.
Result<ContainerState> wait_for_resume(const ContainerDirectory& directory);

}  // namespace caisson::runtime
