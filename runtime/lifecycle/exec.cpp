// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <optional>

#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/container_request.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/launch/preserved_descriptors.h"
#include "runtime/launch/standard_streams.h"
#include "runtime/lifecycle/exec_relay.h"
#include "runtime/lifecycle/pause.h"
#include "runtime/lifecycle/recorded_config.h"
#include "runtime/relay/console.h"

namespace caisson::runtime {
namespace {

// As under runc, whose processes are its children.
mode_t own_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

Result<uint64_t> new_token() {
  uint64_t drawn = 0;
  if (::getrandom(&drawn, sizeof(drawn), 0) != static_cast<ssize_t>(sizeof(drawn))) {
    return fail_errno("draw a random number");
  }
  return token_of(drawn);
}

// Fails unless the container takes a process, now or once it is resumed.
Result<void> wait_until_it_takes_a_process(const ContainerDirectory& directory, bool waits_while_paused) {
  ContainerState state = TRY(directory.load());
  if (waits_while_paused && state.current_status() == Status::paused) {
    state = TRY(wait_for_resume(directory));
  }
  return check_takes_process(state.current_status());
}

// Whether a terminal's bytes pass through us, and not to whoever has its master.
bool relays_terminal(const ExecRequest& request) {
  return request.console_socket.empty() && !request.detached;
}

Result<agent::v1::CreateProcessRequest> message_for_guest(const ExecRequest& request,
                                                          const oci::Process& process,
                                                          const oci::Config& config) {
  agent::v1::CreateProcessRequest message;
  message.set_container(request.container);
  message.set_token(TRY(new_token()));
  message.set_cgroup(request.cgroup);
  TRY(fill_process(process, config.linux_, *message.mutable_process()));
  fill_stdio(*message.mutable_process(), message.token(), relays_terminal(request));
  message.set_output_ends_with_process(request.detached);
  const PreservedCount count = TRY(count_preserved(request.preserve_fds));
  fill_preserved(TRY(find_preserved(count, request.descriptors)), count, message.token(),
                 *message.mutable_process());
  return message;
}

// Where its bytes pass through us, the terminal is our own.
Result<std::optional<PtyPair>> console_for(const ExecRequest& request, const oci::Process& process) {
  if (process.terminal && relays_terminal(request)) {
    return std::nullopt;
  }
  return open_console({.terminal = process.terminal,
                       .socket = request.console_socket,
                       .detached = request.detached,
                       .size = process.console_size});
}

}  // namespace

uint64_t token_of(uint64_t drawn) {
  return drawn <= kInitProcess ? drawn + kInitProcess + 1 : drawn;
}

Result<void> check_takes_process(Status status) {
  switch (status) {
    case Status::stopped:
      return fail(ESRCH, "cannot exec in a stopped container");
    case Status::paused:
      return fail(EBUSY, "cannot exec in a paused container (use --ignore-paused to override)");
    case Status::creating:
      return fail(EBUSY, "cannot exec in a container that is still being created");
    default:
      return {};
  }
}

Result<void> check_exec_cgroup(const std::string& cgroup) {
  return cgroup.find(':') == std::string::npos
             ? Result<void>()
             : fail(EINVAL,
                    "--cgroup " + cgroup + ": the guest has one hierarchy (cgroup v2); give a path alone");
}

Result<int> exec_in_container(const StateRoot& root, const ExecRequest& request) {
  TRY(check_exec_cgroup(request.cgroup));
  const ContainerDirectory directory = TRY(root.find(request.container));
  TRY(wait_until_it_takes_a_process(directory, request.waits_while_paused));
  const oci::Config config = TRY(recorded_config(directory));
  oci::Process process = TRY(exec_process(request.process, config));
  if (!process.user.umask) {
    process.user.umask = own_umask();
  }
  const auto message = TRY(message_for_guest(request, process, config));
  const auto terminal = TRY(console_for(request, process));
  const ExecRelay relay{.directory = directory,
                        .message = message,
                        .terminal = terminal,
                        .pid_file = request.pid_file,
                        .pidfd_socket = request.pidfd_socket};
  return request.detached ? relay.run_detached() : relay.run_here();
}

}  // namespace caisson::runtime
