// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/foreground.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <optional>

#include "protocol/agent/agent_client.h"
#include "runtime/bundle/unreached_links.h"
#include "runtime/launch/control.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/start.h"
#include "runtime/relay/caught_signals.h"
#include "runtime/relay/terminal_relay.h"

namespace caisson::runtime {
namespace {

constexpr std::chrono::seconds kSignalPatience{10};

void pass_on(const CreatedContainer& container, int signal) {
  const auto sent = [&]() -> Result<void> {
    const ContainerDirectory& directory = container.locked.directory();
    // It may have been paused meanwhile: the signal is then pending.
    const AwakeGuest awake = TRY(AwakeGuest::of(directory, TRY(directory.load())));
    const auto deadline = agent::deadline_in(kSignalPatience);
    auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
    return agent.signal_process(container.state.id, container.state.init_process, signal, deadline);
  }();
  // ESRCH: it has just ended, and we are about to hear of it.
  if (!sent && sent.error().code != ESRCH) {
    spdlog::debug("pass on signal {}: {}", signal, sent.error().message);
  }
}

// Until caisson-vmm has ended; its exit code is the container's.
Result<int> attend(CreatedContainer& container, const CaughtSignals& signals, TerminalRelay* relay) {
  while (true) {
    pollfd entries[2] = {{.fd = container.vmm.pidfd(), .events = POLLIN, .revents = 0},
                         {.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) {
      return fail_errno("wait for container");
    }
    for (int signal = signals.next(); signal != 0; signal = signals.next()) {
      if (signal != SIGWINCH) {
        pass_on(container, signal);
      } else if (relay != nullptr) {
        relay->follow_window_size();
      }
    }
    if ((entries[0].revents & POLLIN) != 0) {
      return container.vmm.wait_exit();
    }
  }
}

// Leaves nothing behind when start or attendance fails.
Result<void> take_away(const StateRoot& root, const ContainerState& state) {
  const auto locked = root.lock(state.id);
  if (!locked) {
    // Somebody else has deleted it meanwhile.
    return locked.error().code == ENOENT ? Result<void>() : tl::unexpected(locked.error());
  }
  const auto now = locked->directory().load();
  if (now ? now->vmm != state.vmm : now.error().code == ESTALE) {
    return {};  // deleted, and its name given to another
  }
  return destroy_container(locked->directory(), state);
}

}  // namespace

Result<int> run_container(const StateRoot& root, const CreateRequest& request) {
  TRY(check_process(TRY(oci::parse_config(request.config_text))));
  // Before caisson-vmm starts: no signal may fall between.
  const CaughtSignals signals = TRY(CaughtSignals::take());
  CreatedContainer container = TRY(create_container(root, request, signals));
  auto started =
      start_container(container.agent, container.locked.directory(), container.state, container.config);
  container.locked.unlock();
  if (started && may_warn_beside_container(request.log)) {
    warn_of_unreached_links(container.state.vmm.pid);
  }
  if (!started) {
    TRY(take_away(root, container.state));
    return tl::unexpected(std::move(started).error());
  }
  if (request.detached) {
    return 0;
  }
  std::optional<TerminalRelay> relay;
  if (container.pty_master) {
    relay.emplace(TRY(TerminalRelay::start(std::move(container.pty_master))));
  }
  const int code = TRY(attend(container, signals, relay ? &*relay : nullptr));
  if (relay) {
    relay->finish();
  }
  if (!request.keep) {
    TRY(take_away(root, container.state));
  }
  return code;
}

}  // namespace caisson::runtime
