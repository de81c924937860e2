// SPDX-License-Identifier: Apache-2.0
// caisson do: runs a command in a VM over this host's own root file system, which it cannot change: writes go
// to a throw-away layer in the guest, but for the directories given with --rw. What else the host has mounted
// beneath its root is not shown unless named by --ro or --rw. No bundle is needed.
#include "runtime/bundle/host_bundle.h"
#include "runtime/commands/command.h"
#include "runtime/commands/exec_error.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/sweep.h"

namespace caisson::runtime {
namespace {

class Do final : public Command {
 public:
  void declare(Options options) override {
    options.texts("--rw", bundle_.writable,
                  "Directory that is the host's own and may be written; may be repeated");
    options.texts("--ro", bundle_.readable,
                  "Directory on another mount than / that is shown too, read-only; may be repeated");
    options.text("--memory", bundle_.memory, "Guest memory, such as 512M");
    options.text("--cpus", bundle_.cpus, "Number of CPUs (default: 1)");
    options.text("--rootfs", bundle_.rootfs, "Directory to show as / (default: /)");
    options.text("--cwd", bundle_.working_directory,
                 "Working directory (default: the current one where it exists there)");
    options.texts("-e,--env", bundle_.environment,
                  "NAME=VALUE, on top of PATH, TERM, HOME and LANG; may be repeated");
    options.flag("-t,--tty", bundle_.has_terminal, "Give the command a terminal");
    options.flag("--console", bundle_.logs_console, "Put the guest kernel's messages into the log");
    options.rest(bundle_.command, "caisson do [options] -- COMMAND [ARGUMENT...]");
  }

  Result<int> run(const Globals& globals) override {
    if (bundle_.command.empty()) {
      return fail(EINVAL, "no command given; usage: caisson do [options] -- COMMAND [ARGUMENT...]");
    }
    CreateRequest request;
    request.id = throwaway_id();
    request.bundle = "/";
    request.config_text = TRY(config_over_host(bundle_));
    request.detached = false;
    request.log = globals.log;
    request.cgroup_policy = globals.cgroup_policy();
    request.ephemeral_overlay = true;
    request.shared_root = true;
    request.keep = false;
    sweep(globals.state_root());
    auto code = run_container(globals.state_root(), request);
    return code ? std::move(code) : exec_exit_code(std::move(code).error());
  }

 private:
  HostBundle bundle_;
};

}  // namespace

std::unique_ptr<Command> make_do() {
  return std::make_unique<Do>();
}

}  // namespace caisson::runtime
