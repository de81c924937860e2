// SPDX-License-Identifier: Apache-2.0
// Lets a created container's first process go. Used by start, run and do.
#pragma once

#include "common/result.h"
#include "protocol/agent/agent_client.h"
#include "runtime/oci/config.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// [oci] config.md, process: "This property is REQUIRED when start is called."
Result<void> check_process(const oci::Config& config);

// Under the lock. Fails, in runc's words, unless the container is created. Updates `state` and its file.
Result<void> start_container(const ContainerDirectory& directory, ContainerState& state,
                             const oci::Config& config);
// The same over a connection that exists already.
Result<void> start_container(agent::AgentClient& agent, const ContainerDirectory& directory,
                             ContainerState& state, const oci::Config& config);

}  // namespace caisson::runtime
