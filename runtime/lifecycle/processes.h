// SPDX-License-Identifier: Apache-2.0
// The processes of a container, as its guest counts them. Used by the verb ps.
#pragma once

#include "common/result.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

Result<agent::v1::ListProcessesResponse> processes_in(const ContainerDirectory& directory,
                                                      const ContainerState& state);

}  // namespace caisson::runtime
