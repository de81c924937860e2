// SPDX-License-Identifier: Apache-2.0
// caisson exec: another process in a running container.
#include "runtime/lifecycle/exec.h"

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Exec final : public Command {
 public:
  void declare(Options options) override {
    ExecOptions& process = request_.process;
    options.text("--console-socket", request_.console_socket,
                 "Unix socket that receives the master of the process's terminal");
    options.text("--cwd", process.cwd, "Working directory in the container");
    options.texts("-e,--env", process.environment, "NAME=VALUE; may be repeated");
    options.flag("-t,--tty", process.terminal, "Give the process a terminal");
    options.text("-u,--user", process.user, "UID[:GID]");
    options.texts("-g,--additional-gids", process.additional_gids, "Another group; may be repeated");
    options.text("-p,--process", process.process_file, "process.json to take everything from");
    options.flag("-d,--detach", request_.detached, "Leave the process running and return at once");
    options.text("--pid-file", request_.pid_file, "File to write the process id of the relay to");
    options.text("--pidfd-socket", request_.pidfd_socket, "Unix socket that receives a pidfd of the relay");
    options.text("--cpu-affinity", process.cpu_affinity,
                 "INITIAL[:FINAL], lists such as 0-1,3 of the guest's CPUs; the process runs on FINAL");
    options.text("--process-label", label_, "Refused unless empty: the guest has no SELinux");
    options.text("--apparmor", apparmor_, "Refused unless empty: the guest has no AppArmor");
    options.flag("--no-new-privs", process.no_new_privileges, "Set no_new_privs");
    options.texts("-c,--cap", process.capabilities, "Add a capability; may be repeated");
    options.number("--preserve-fds", request_.preserve_fds,
                   "How many descriptors from 3 on the process inherits, as with create");
    options.text("--cgroup", request_.cgroup, "Cgroup beneath the container's (default: the container's, /)");
    options.flag("--ignore-paused", request_.waits_while_paused,
                 "Also in a paused container, once it is resumed");
    options.rest(arguments_, "caisson exec [options] CONTAINER COMMAND [ARGUMENT...]");
  }

  Result<int> run(const Globals& globals) override {
    TRY(check_options());
    request_.container = arguments_[0];
    request_.process.command.assign(arguments_.begin() + 1, arguments_.end());
    request_.descriptors = globals.descriptors;
    return exec_in_container(globals.state_root(), request_);
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
    return {};
  }

  ExecRequest request_;
  std::vector<std::string> arguments_;
  std::string label_;
  std::string apparmor_;
};

}  // namespace

std::unique_ptr<Command> make_exec() {
  return std::make_unique<Exec>();
}

}  // namespace caisson::runtime
