// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/processes.h"

#include "protocol/agent/agent_client.h"
#include "runtime/launch/control.h"

namespace caisson::runtime {

Result<agent::v1::ListProcessesResponse> processes_in(const ContainerDirectory& directory,
                                                      const ContainerState& state) {
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kAwakePatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  return agent.list_processes(state.id, deadline);
}

}  // namespace caisson::runtime
