// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/start.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "protocol/agent/agent_client.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/hooks.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kStartPatience{60};

Result<void> check_status(const ContainerState& state) {
  const Status status = state.current_status();
  if (state.is_starting && status == Status::running) {
    return {};  // whoever was at it has been killed: the lock is ours
  }
  switch (status) {
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

// ORDERING: on record, then in the guest, then on record that it is done. Should we be killed in between,
// nobody takes a program that runs for one that waits, and the next `start` ends what we began.
Result<void> let_go(agent::AgentClient& agent, const ContainerDirectory& directory, ContainerState& state,
                    const oci::Config& config) {
  const bool was_asked = std::exchange(state.is_starting, true);
  TRY(directory.save(state));
  // Hooks of the container take as long as they take, or as their timeouts let them.
  auto gone = agent.start_container(state.id, config.hooks.start_container.empty()
                                                  ? agent::deadline_in(kStartPatience)
                                                  : agent::kNoDeadline);
  if (!gone && was_asked && gone.error().code == EBUSY) {
    return {};  // it was let go then
  }
  // Without an answer nobody knows whether it has been let go: the next `start` finds out.
  if (!gone && gone.error().code != ETIMEDOUT) {
    state.is_starting = false;
    TRY(directory.save(state));
    // [oci] runtime.md, "Lifecycle", step 8: "generate an error, stop the container". Nothing runs in it.
    if (gone.error().code != EBUSY) {
      TRY(kill_machine(state));
    }
  }
  return gone;
}

// [oci] 1.2.1 made of a warning an error that stops the container.
bool ends_on_failed_poststart(const std::string& oci_version) {
  std::array<unsigned, 3> version{};
  const int read = std::sscanf(oci_version.c_str(), "%u.%u.%u", &version[0], &version[1], &version[2]);
  return read == 3 && version >= std::array<unsigned, 3>{1, 2, 1};
}

// [oci] config.md, "Poststart": "If any poststart hook fails, the runtime MUST generate an error, stop the
// container, and continue the lifecycle at step 12".
Result<void> run_poststart_hooks(const ContainerState& state, const oci::Config& config) {
  const HookScene scene{.state_json = oci_state_json(state, Status::running), .directory = state.bundle};
  if (!ends_on_failed_poststart(config.oci_version)) {
    run_hooks_logging(config.hooks.poststart, "poststart", scene);
    return {};
  }
  auto ran = run_hooks(config.hooks.poststart, "poststart", scene);
  if (!ran) {
    TRY(kill_machine(state));
  }
  return ran;
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
  TRY(let_go(agent, directory, state, config));
  state.status = Status::running;
  state.started = true;
  state.is_starting = false;
  TRY(directory.save(state));
  return run_poststart_hooks(state, config);
}

}  // namespace caisson::runtime
