// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec_relay.h"

#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/launch/control.h"
#include "runtime/lifecycle/exec.h"
#include "runtime/lifecycle/relay_outcome.h"
#include "runtime/relay/process_relay.h"
#include "runtime/system/files.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kUntoldPatience{10};

RelayEnds ends_of(const std::optional<PtyPair>& terminal) {
  if (!terminal) {
    return {};
  }
  const int slave = terminal->slave.get();
  return {.input = slave, .output = slave, .error = slave};
}

// Once it is made, the process has opened its files.
Result<ProcessRelay> start_process(const ExecRelay& exec) {
  const GivenFiles files = TRY(GivenFiles::give(exec.directory, exec.message.process()));
  return ProcessRelay::start(exec.directory.vsock_socket(), exec.message, ends_of(exec.terminal).input);
}

}  // namespace

Result<int> ExecRelay::run_here() const {
  const CaughtSignals signals = TRY(CaughtSignals::take());
  auto relay = start_process(*this);
  if (!relay) {
    return tl::unexpected(std::move(relay).error());
  }
  TRY(tell_pid(::getpid()));
  return relay->attend(ends_of(terminal), signals);
}

Result<int> ExecRelay::run_detached() const {
  OutcomePipe pipe = TRY(OutcomePipe::open());
  const pid_t pid = ::fork();
  if (pid < 0) {
    return fail_errno("start relay");
  }
  if (pid == 0) {
    pipe.reader.reset();
    be_the_child(std::move(pipe.writer));
  }
  pipe.writer.reset();
  if (auto started = hear_outcome(pipe.reader.get()); !started) {
    ::waitpid(pid, nullptr, 0);
    return tl::unexpected(std::move(started).error());
  }
  TRY(tell_pid(pid));
  return 0;
}

void ExecRelay::be_the_child(UniqueFd outcome) const {
  ::setsid();
  if (terminal) {
    // So that SIGWINCH reaches us.
    ::ioctl(terminal->slave.get(), TIOCSCTTY, 0);
  }
  ::_exit(attend_as_child(std::move(outcome)));
}

int ExecRelay::attend_as_child(UniqueFd outcome) const {
  const auto signals = CaughtSignals::take();
  auto relay = signals ? start_process(*this) : Result<ProcessRelay>(tl::unexpected(signals.error()));
  tell_outcome(outcome.get(), relay ? nullptr : &relay.error());
  outcome.reset();
  return relay ? relay->attend(ends_of(terminal), *signals).value_or(kExecFailed) : kExecFailed;
}

Result<void> ExecRelay::tell_pid(pid_t pid) const {
  auto told = pid_file.empty() ? Result<void>() : replace_file(pid_file, std::to_string(pid), 0644);
  if (told && !pidfd_socket.empty()) {
    told = send_pidfd_of(pid);
  }
  if (!told) {
    const auto deadline = agent::deadline_in(kUntoldPatience);
    auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
    (void)agent.signal_process(message.container(), message.token(), SIGKILL, deadline);
  }
  return told;
}

// Ourselves or a child that nobody has reaped: the number is of no other.
Result<void> ExecRelay::send_pidfd_of(pid_t pid) const {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    return fail_errno("--pidfd-socket: open process " + std::to_string(pid));
  }
  TRY_CONTEXT("--pidfd-socket", send_pidfd(pidfd_socket, pidfd.get()));
  return {};
}

}  // namespace caisson::runtime
