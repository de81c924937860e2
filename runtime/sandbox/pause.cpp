// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/pause.h"

#include "agent/client/agent_client.h"
#include "runtime/sandbox/control.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

Result<void> pause_container(const ContainerDirectory& directory, ContainerState& state) {
  const Status status = state.current_status();
  if (status != Status::running && status != Status::created) {
    return fail(EINVAL, "container not running: it is " + std::string(status_name(status)));
  }
  const auto deadline = agent::deadline_in(kPatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(agent.pause_container(state.id, deadline));
  // ORDERING: on record before the vCPUs stop, so that whoever finds them stopped knows to wake them.
  state.status = Status::paused;
  TRY(directory.save(state));
  TRY(ask_vmm(directory, "pause"));
  return {};
}

Result<void> resume_container(const ContainerDirectory& directory, ContainerState& state) {
  if (state.current_status() != Status::paused) {
    return fail(EINVAL, "container not paused");
  }
  TRY(ask_vmm(directory, "resume"));
  const auto deadline = agent::deadline_in(kPatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(agent.resume_container(state.id, deadline));
  state.status = Status::running;
  return directory.save(state);
}

}  // namespace caisson::runtime
