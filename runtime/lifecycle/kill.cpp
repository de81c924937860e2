// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/kill.h"

#include <csignal>

#include "protocol/agent/agent_client.h"
#include "runtime/launch/control.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/oci/names.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kAnswerPatience{10};

// With all its processes meant there may be nobody left, and nobody to miss: as in runc.
Result<void> not_running(Audience audience) {
  return audience == Audience::all_processes ? Result<void>() : fail(ESRCH, "container not running");
}

Result<void> signal_in_guest(const ContainerDirectory& directory, const ContainerState& state, int signal,
                             Audience audience) {
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kAnswerPatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(audience == Audience::all_processes
          ? agent.signal_all(state.id, signal, deadline)
          : agent.signal_process(state.id, state.init_process, signal, deadline));
  if (state.status == Status::paused && signal == SIGKILL) {
    // A frozen process dies of it, and the guest has to stay awake to tell.
    if (auto resumed = ask_vmm(directory, Verb::resume);
        !resumed && state.current_status() != Status::stopped) {
      return tl::unexpected(std::move(resumed).error());
    }
  }
  return {};
}

}  // namespace

Result<int> signal_meant(std::string_view text) {
  // As in runc: an empty one is one that was not given.
  return text.empty() ? Result<int>(SIGTERM) : oci::parse_signal(text);
}

Result<void> signal_container(const StateRoot& root, const std::string& id, int signal, Audience audience) {
  const ContainerDirectory directory = TRY(root.find(id));
  const ContainerState state = TRY(directory.load());
  if (state.current_status() == Status::stopped) {
    return not_running(audience);
  }
  if (state.current_status() == Status::creating && state.vmm.pid == 0) {
    return fail(EAGAIN, "container " + id + " is still being created; try again when it has been");
  }
  auto sent = signal_in_guest(directory, state, signal, audience);
  if (!sent && signal == SIGKILL && sent.error().code != ESRCH) {
    // A guest that does not answer is killed with its machine.
    sent = kill_machine(state);
  }
  if (!sent && (sent.error().code == ESRCH || state.current_status() == Status::stopped)) {
    return not_running(audience);
  }
  return sent;
}

}  // namespace caisson::runtime
