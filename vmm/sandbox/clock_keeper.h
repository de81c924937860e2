// SPDX-License-Identifier: Apache-2.0
// Has the guest's clock corrected at the start, when the host's clock was set or the host has slept, when the
// guest goes on after a pause, and when both clocks may have drifted apart. Runs on the main loop. Work that
// blocks runs on the agent loop.
#pragma once

#include <functional>
#include <memory>

#include "common/event_loop.h"
#include "protocol/agent/agent_client.h"
#include "vmm/sandbox/guest_clock.h"
#include "vmm/sandbox/host_clock_watch.h"

namespace caisson::vmm {

class ClockKeeper {
 public:
  // Another connection to the agent's calls.
  using Connect = std::function<Result<agent::AgentClient>()>;

  static Result<std::unique_ptr<ClockKeeper>> create(EventLoop& main_loop, EventLoop& agent_loop,
                                                     Connect connect);
  ClockKeeper(const ClockKeeper&) = delete;
  ClockKeeper& operator=(const ClockKeeper&) = delete;
  ~ClockKeeper();

  // Call it on the agent loop, before anything of the container runs: corrects the clock over an existing
  // connection. A guest that does not let it is logged.
  void set_first(agent::AgentClient& agent);

  // Between suspend() and resume() caisson-vmm itself has stopped the machine, so no answer is due. resume()
  // looks at the clock.
  void suspend() { is_suspended_ = true; }
  void resume();

 private:
  ClockKeeper(EventLoop& agent_loop, Connect connect);
  void on_host_clock(HostClockWatch::Cause cause);
  void correct(GuestClock::Manner manner);

  EventLoop& agent_loop_;
  Connect connect_;
  std::unique_ptr<HostClockWatch> host_clock_;
  bool is_suspended_ = false;
  bool has_connection_ = false;  // agent_ is there, or about to be

  // Used on the agent loop only.
  GuestClock clock_;
  std::shared_ptr<agent::AgentClient> agent_;
};

}  // namespace caisson::vmm
