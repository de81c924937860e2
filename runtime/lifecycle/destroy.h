// SPDX-License-Identifier: Apache-2.0
// Takes a container away: its machine, its cgroups, its directory. Each step may find its work done already.
// If a removal is killed half-way, the next one removes the rest.
#pragma once

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// A power cut for the guest; waits until caisson-vmm has gone. Nothing happens when it already has.
Result<void> kill_machine(const ContainerState& state);

// Kills the machine, removes cgroups and directory. Under the lock.
Result<void> remove_remains(const ContainerDirectory& directory, const ContainerState& state);

// remove_remains(), then the poststop hooks. [oci] runtime.md, "Lifecycle"
Result<void> destroy_container(const ContainerDirectory& directory, const ContainerState& state);

}  // namespace caisson::runtime
