// SPDX-License-Identifier: Apache-2.0
// Whether the guest still answers: asks the agent now and then, and reports when the agent has kept silent
// for too long and when it speaks again. It only reports: the host may be overloaded, or a debugger may be at
// work. Lives on the agent's loop, where waiting for a stranger delays nothing else.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "common/event_loop.h"
#include "protocol/agent/agent_client.h"

namespace caisson::vmm {

class GuestWatch {
 public:
  // On the loop.
  using Report = std::function<void(bool answers)>;

  // Asks every half of `patience`. No other code uses `client`.
  GuestWatch(EventLoop& loop, agent::AgentClient client, std::chrono::milliseconds patience, Report report);
  GuestWatch(const GuestWatch&) = delete;
  GuestWatch& operator=(const GuestWatch&) = delete;
  ~GuestWatch();

  // Between suspend() and resume() caisson-vmm itself has stopped the machine, so no answer is due.
  void suspend();
  void resume();

 private:
  void ask();
  void hear();
  void miss();
  void set_timer(std::chrono::milliseconds delay, void (GuestWatch::*then)());
  void give_up();

  EventLoop& loop_;
  agent::AgentClient client_;
  std::chrono::milliseconds patience_;
  Report report_;
  std::optional<uint32_t> call_;  // under way
  Timer timer_;
  Watch answers_;
  bool is_silent_ = false;  // and the silence has been reported
};

}  // namespace caisson::vmm
