// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/start.h"

#include "agent/client/agent_client.h"
#include "runtime/sandbox/hooks.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kStartPatience{60};

Result<void> check_status(const ContainerState& state) {
  switch (state.current_status()) {
    case Status::created:
      return {};
    case Status::stopped:
      return fail(EINVAL, "cannot start a container that has stopped");
    case Status::creating:
      return fail(EINVAL, "cannot start a container that is still being created");
    default:
      return fail(EINVAL, "cannot start an already running container");
  }
}

}  // namespace

Result<void> check_process(const oci::Config& config) {
  return config.process ? Result<void>()
                        : fail(EINVAL, "process: is missing, which a container needs to be started");
}

Result<void> start_container(const ContainerDirectory& directory, ContainerState& state,
                             const oci::Config& config) {
  TRY(check_status(state));
  TRY(check_process(config));
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), agent::deadline_in(kStartPatience)));
  return start_container(agent, directory, state, config);
}

Result<void> start_container(agent::AgentClient& agent, const ContainerDirectory& directory,
                             ContainerState& state, const oci::Config& config) {
  TRY(check_status(state));
  TRY(agent.start_container(state.id, agent::deadline_in(kStartPatience)));
  state.status = Status::running;
  state.started = true;
  TRY(directory.save(state));
  run_hooks_logging(config.hooks.poststart, "poststart", oci_state_json(state, Status::running));
  return {};
}

}  // namespace caisson::runtime
