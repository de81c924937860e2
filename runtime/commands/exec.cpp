// SPDX-License-Identifier: Apache-2.0
// caisson exec: another process in a running container. This process is its relay: it carries its bytes,
// passes on signals and ends with its exit code. With --detach a child of ours does so, whose pid goes into
// the pid file.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/bundle/container_request.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/commands/command.h"
#include "runtime/commands/exec_process.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/control.h"
#include "runtime/launch/preserved_descriptors.h"
#include "runtime/launch/standard_streams.h"
#include "runtime/lifecycle/pause.h"
#include "runtime/relay/console.h"
#include "runtime/relay/process_relay.h"
#include "runtime/system/files.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

// runc's, for an exec that failed before its program ran: also where there is no such program.
constexpr int kExecFailed = 255;
constexpr std::chrono::seconds kKillPatience{10};

// As under runc, whose processes are its children.
mode_t own_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

Result<uint64_t> new_token() {
  uint64_t token = 0;
  if (::getrandom(&token, sizeof(token), 0) != static_cast<ssize_t>(sizeof(token))) {
    return fail_errno("draw a random number");
  }
  return token <= kInitProcess ? token + kInitProcess + 1 : token;
}

// How the detached child tells its parent that the process runs, or why not: an errno (0: it runs) and a
// message.
struct Outcome {
  int code = 0;
  std::array<char, 4096> message{};
};

void tell(int pipe, const Error* error) {
  Outcome outcome;
  if (error != nullptr) {
    outcome.code = error->code;
    error->message.copy(outcome.message.data(), outcome.message.size() - 1);
  }
  [[maybe_unused]] const ssize_t written = ::write(pipe, &outcome, sizeof(outcome));
}

class Exec final : public Command {
 public:
  void declare(Options options) override {
    options.text("--console-socket", console_socket_,
                 "Unix socket that receives the master of the process's terminal");
    options.text("--cwd", exec_.cwd, "Working directory in the container");
    options.texts("-e,--env", exec_.environment, "NAME=VALUE; may be repeated");
    options.flag("-t,--tty", exec_.terminal, "Give the process a terminal");
    options.text("-u,--user", exec_.user, "UID[:GID]");
    options.texts("-g,--additional-gids", exec_.additional_gids, "Another group; may be repeated");
    options.text("-p,--process", exec_.process_file, "process.json to take everything from");
    options.flag("-d,--detach", detach_, "Leave the process running and return at once");
    options.text("--pid-file", pid_file_, "File to write the process id of the relay to");
    options.text("--pidfd-socket", pidfd_socket_, "Unix socket that receives a pidfd of the relay");
    options.text("--cpu-affinity", exec_.cpu_affinity,
                 "INITIAL[:FINAL], lists such as 0-1,3 of the guest's CPUs; the process runs on FINAL");
    options.text("--process-label", label_, "Refused unless empty: the guest has no SELinux");
    options.text("--apparmor", apparmor_, "Refused unless empty: the guest has no AppArmor");
    options.flag("--no-new-privs", exec_.no_new_privileges, "Set no_new_privs");
    options.texts("-c,--cap", exec_.capabilities, "Add a capability; may be repeated");
    options.number("--preserve-fds", preserve_fds_,
                   "How many descriptors from 3 on the process inherits, as with create");
    options.text("--cgroup", cgroup_, "Cgroup beneath the container's (default: the container's, /)");
    options.flag("--ignore-paused", ignore_paused_, "Also in a paused container, once it is resumed");
    options.rest(arguments_, "caisson exec [options] CONTAINER COMMAND [ARGUMENT...]");
  }

  Result<int> run(const Globals& globals) override {
    TRY(check_options());
    const ContainerDirectory directory = TRY(globals.state_root().find(arguments_[0]));
    ContainerState state = TRY(directory.load());
    if (ignore_paused_ && state.current_status() == Status::paused) {
      state = TRY(wait_for_resume(directory));
    }
    TRY(check_status(state));
    const oci::Config config =
        TRY_CONTEXT(directory.file("config.json"), oci::parse_config(TRY(directory.read("config.json"))));
    exec_.command.assign(arguments_.begin() + 1, arguments_.end());
    oci::Process process = TRY(exec_process(exec_, config));
    if (!process.user.umask) {
      process.user.umask = own_umask();
    }

    agent::v1::CreateProcessRequest request;
    request.set_container(arguments_[0]);
    request.set_token(TRY(new_token()));
    request.set_cgroup(cgroup_);
    TRY(fill_process(process, config.linux_, *request.mutable_process()));
    fill_stdio(*request.mutable_process(), request.token(), console_socket_.empty() && !detach_);
    request.set_output_ends_with_process(detach_);
    const InheritedCount count = TRY(count_inherited(preserve_fds_));
    fill_inherited(TRY(find_inherited(count, globals.descriptors)), count, request.token(),
                   *request.mutable_process());
    auto pty = TRY(console_socket_.empty() && !detach_ && process.terminal
                       ? Result<std::optional<PtyPair>>(std::nullopt)
                       : open_console({.terminal = process.terminal,
                                       .socket = console_socket_,
                                       .detached = detach_,
                                       .size = process.console_size}));
    return detach_ ? run_detached(directory, request, pty) : run_here(directory, request, pty);
  }

  [[nodiscard]] int failure_code() const override { return kExecFailed; }

 private:
  Result<void> check_options() const {
    if (arguments_.empty() || arguments_[0].starts_with('-')) {
      return fail(EINVAL, arguments_.empty()
                              ? "no container given; usage: caisson exec [options] CONTAINER COMMAND"
                              : "unknown option " + arguments_[0] + "; see caisson exec --help");
    }
    if (!label_.empty() || !apparmor_.empty()) {
      return fail(
          EINVAL,
          "--process-label and --apparmor: the guest has neither SELinux nor AppArmor; leave them out");
    }
    if (cgroup_.find(':') != std::string::npos) {
      return fail(EINVAL,
                  "--cgroup " + cgroup_ + ": the guest has one hierarchy (cgroup v2); give a path alone");
    }
    return {};
  }

  Result<void> check_status(const ContainerState& state) const {
    switch (state.current_status()) {
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

  static RelayEnds ends_of(const std::optional<PtyPair>& pty) {
    if (!pty) {
      return {};
    }
    const int slave = pty->slave.get();
    return {.input = slave, .output = slave, .error = slave};
  }

  Result<int> run_here(const ContainerDirectory& directory, const agent::v1::CreateProcessRequest& request,
                       const std::optional<PtyPair>& pty) {
    const CaughtSignals signals = TRY(CaughtSignals::take());
    auto relay = start_process(directory, request, ends_of(pty).input);
    if (!relay) {
      return tl::unexpected(std::move(relay).error());
    }
    TRY(tell_pid(::getpid(), directory, request));
    return relay->attend(ends_of(pty), signals);
  }

  // Once it is made, the process has opened its files.
  static Result<ProcessRelay> start_process(const ContainerDirectory& directory,
                                            const agent::v1::CreateProcessRequest& request, int terminal) {
    const GivenFiles files = TRY(GivenFiles::give(directory, request.process()));
    return ProcessRelay::start(directory.vsock_socket(), request, terminal);
  }

  // fork() comes before any thread. The child outlives us; the engine, our reaper, learns the exit code from
  // it.
  Result<int> run_detached(const ContainerDirectory& directory,
                           const agent::v1::CreateProcessRequest& request,
                           const std::optional<PtyPair>& pty) {
    int pipe_ends[2] = {-1, -1};
    if (::pipe2(pipe_ends, O_CLOEXEC) < 0) {
      return fail_errno("make pipe");
    }
    UniqueFd reader(pipe_ends[0]);
    UniqueFd writer(pipe_ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) {
      return fail_errno("start relay");
    }
    if (pid == 0) {
      reader.reset();
      ::setsid();
      if (pty) {
        // So that SIGWINCH reaches us.
        ::ioctl(pty->slave.get(), TIOCSCTTY, 0);
      }
      ::_exit(relay_detached(directory, request, pty, std::move(writer)));
    }
    writer.reset();
    Outcome outcome;
    const ssize_t size = ::read(reader.get(), &outcome, sizeof(outcome));
    if (size != static_cast<ssize_t>(sizeof(outcome))) {
      outcome = {.code = ECHILD, .message = {"start process: its relay died"}};
    }
    if (outcome.code != 0) {
      ::waitpid(pid, nullptr, 0);
      outcome.message.back() = '\0';
      return tl::unexpected(Error{outcome.code, outcome.message.data()});
    }
    TRY(tell_pid(pid, directory, request));
    return 0;
  }

  static int relay_detached(const ContainerDirectory& directory,
                            const agent::v1::CreateProcessRequest& request, const std::optional<PtyPair>& pty,
                            UniqueFd outcome) {
    const auto signals = CaughtSignals::take();
    auto relay = signals ? start_process(directory, request, ends_of(pty).input)
                         : Result<ProcessRelay>(tl::unexpected(signals.error()));
    tell(outcome.get(), relay ? nullptr : &relay.error());
    outcome.reset();
    return relay ? relay->attend(ends_of(pty), *signals).value_or(kExecFailed) : kExecFailed;
  }

  // Failing this, there shall be no process that nobody knows of.
  Result<void> tell_pid(pid_t pid, const ContainerDirectory& directory,
                        const agent::v1::CreateProcessRequest& request) const {
    auto told = pid_file_.empty() ? Result<void>() : replace_file(pid_file_, std::to_string(pid), 0644);
    if (told && !pidfd_socket_.empty()) {
      told = send_pidfd_of(pid);
    }
    if (!told) {
      const auto deadline = agent::deadline_in(kKillPatience);
      auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
      (void)agent.signal_process(request.container(), request.token(), SIGKILL, deadline);
    }
    return told;
  }

  // Ourselves or a child that nobody has reaped: the number is of no other.
  Result<void> send_pidfd_of(pid_t pid) const {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) {
      return fail_errno("--pidfd-socket: open process " + std::to_string(pid));
    }
    TRY_CONTEXT("--pidfd-socket", send_pidfd(pidfd_socket_, pidfd.get()));
    return {};
  }

  ExecOptions exec_;
  std::vector<std::string> arguments_;
  std::string cgroup_;
  std::string console_socket_;
  std::string pid_file_;
  std::string pidfd_socket_;
  std::string label_;
  std::string apparmor_;
  int64_t preserve_fds_ = 0;
  bool detach_ = false;
  bool ignore_paused_ = false;
};

}  // namespace

std::unique_ptr<Command> make_exec() {
  return std::make_unique<Exec>();
}

}  // namespace caisson::runtime
