// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/statistics.h"

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/launch/control.h"

namespace caisson::runtime {

Result<ContainerDirectory> find_running(const StateRoot& root, const std::string& id) {
  ContainerDirectory directory = TRY(root.find(id));
  if (TRY(directory.load()).current_status() == Status::stopped) {
    return fail(ESRCH, "container with id " + id + " is not running");
  }
  return directory;
}

Result<CgroupFiles> statistics_of(const ContainerDirectory& directory) {
  const ContainerState state = TRY(directory.load());
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kAwakePatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  const auto stats = TRY(agent.container_stats(state.id, deadline));
  return CgroupFiles(stats.files().begin(), stats.files().end());
}

Result<void> follow_statistics(const ContainerDirectory& directory, std::chrono::milliseconds interval,
                               const std::function<void(const CgroupFiles&)>& see) {
  const UniqueFd process = TRY(open_process(TRY(directory.load()).vmm));
  while (!TRY(wait_for_end(process, std::chrono::steady_clock::now() + interval))) {
    // Without them it is ending, which the next wait tells.
    if (const auto files = statistics_of(directory)) {
      see(*files);
    }
  }
  return {};
}

}  // namespace caisson::runtime
