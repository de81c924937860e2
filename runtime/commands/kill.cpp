// SPDX-License-Identifier: Apache-2.0
// caisson kill: sends a signal to a container's first process, or to all of them.
#include <csignal>

#include "protocol/agent/agent_client.h"
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/control.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/oci/names.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kSignalPatience{10};

Result<void> signal_in_guest(const ContainerDirectory& directory, const ContainerState& state, int signal,
                             bool all) {
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kSignalPatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(all ? agent.signal_all(state.id, signal, deadline)
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

class Kill final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.positional("signal", signal_, "Name or number (default: SIGTERM)");
    options.flag("-a,--all", all_, "To every process of the container");
  }

  Result<int> run(const Globals& globals) override {
    // As in runc: an empty one is one that was not given.
    const int signal = signal_.empty() ? SIGTERM : TRY(oci::parse_signal(signal_));
    const ContainerDirectory directory = TRY(globals.state_root().find(id_));
    const ContainerState state = TRY(directory.load());
    if (state.current_status() == Status::stopped) {
      // With --all there may be nobody left, and nobody to miss: as in runc.
      return all_ ? Result<int>(0) : fail(ESRCH, "container not running");
    }
    if (state.current_status() == Status::creating && state.vmm.pid == 0) {
      return fail(EAGAIN, "container " + id_ + " is still being created; try again when it has been");
    }
    auto sent = signal_in_guest(directory, state, signal, all_);
    if (!sent && signal == SIGKILL && sent.error().code != ESRCH) {
      // A guest that does not answer is killed with its machine.
      sent = kill_machine(state);
    }
    if (!sent && (sent.error().code == ESRCH || state.current_status() == Status::stopped)) {
      return all_ ? Result<int>(0) : fail(ESRCH, "container not running");
    }
    TRY(std::move(sent));
    return 0;
  }

 private:
  std::string id_;
  std::string signal_ = "SIGTERM";
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_kill() {
  return std::make_unique<Kill>();
}

}  // namespace caisson::runtime
