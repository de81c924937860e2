// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/pause.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "protocol/agent/agent_client.h"
#include "runtime/launch/control.h"

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
  // ORDERING: on record before any process stops, and before the vCPUs do: whoever finds them so, should we
  // be killed, knows to wake them. Resuming what was not stopped yet is no error.
  const Status before = std::exchange(state.status, Status::paused);
  TRY(directory.save(state));
  if (auto paused = agent.pause_container(state.id, deadline); !paused) {
    // A process that cannot be stopped in time: those that were go on.
    (void)agent.resume_container(state.id, agent::deadline_in(kPatience));
    state.status = before;
    TRY(directory.save(state));
    return paused;
  }
  TRY(ask_vmm(directory, Verb::pause));
  return {};
}

Result<void> resume_container(const ContainerDirectory& directory, ContainerState& state) {
  if (state.current_status() != Status::paused) {
    return fail(EINVAL, "container not paused");
  }
  TRY(ask_vmm(directory, Verb::resume));
  const auto deadline = agent::deadline_in(kPatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(agent.resume_container(state.id, deadline));
  state.status = state.started ? Status::running : Status::created;
  return directory.save(state);
}

Result<ContainerState> wait_for_resume(const ContainerDirectory& directory) {
  const UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // state.json is replaced whole: another file takes its name.
  if (!changes || ::inotify_add_watch(changes.get(), directory.path().c_str(), IN_MOVED_TO) < 0) {
    return fail_errno("watch " + directory.path());
  }
  while (true) {
    ContainerState state = TRY(directory.load());
    if (state.current_status() != Status::paused) {
      return state;
    }
    const auto machine = open_process(state.vmm);
    if (!machine) {
      continue;  // it has just ended, which the status will tell
    }
    pollfd entries[2] = {{.fd = changes.get(), .events = POLLIN, .revents = 0},
                         {.fd = machine->get(), .events = POLLIN, .revents = 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) {
      return fail_errno("wait for resume");
    }
    std::array<char, 4096> events{};
    while (::read(changes.get(), events.data(), events.size()) > 0) {
    }
  }
}

}  // namespace caisson::runtime
