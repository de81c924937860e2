// SPDX-License-Identifier: Apache-2.0
// Watches a guest that is ready, and reports its silence: in the state directory, for `caisson state`, and in
// the log. Main loop. The questions themselves are asked on the agent's loop (guest_watch.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "common/event_loop.h"
#include "protocol/agent/agent_client.h"
#include "vmm/sandbox/guest_log.h"
#include "vmm/sandbox/guest_watch.h"

namespace caisson::vmm {

class Silence {
 public:
  // All must outlive it.
  struct Place {
    EventLoop* main_loop = nullptr;
    EventLoop* agent_loop = nullptr;
    GuestLog* log = nullptr;
    int outputs = -1;  // the directory of write_silence()
    std::string container;
    std::chrono::milliseconds patience{0};                // 0: the guest is not watched
    std::function<Result<agent::AgentClient>()> connect;  // another connection to the agent's calls
  };
  explicit Silence(Place place) : place_(std::move(place)) {}
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence();

  // The guest is ready. The first question comes a while later, because its connection would lengthen each
  // start.
  void begin();
  // Between suspend() and resume() caisson-vmm itself has stopped the machine, so no answer is due.
  void suspend();
  void resume();

 private:
  void watch();
  void tell(bool answers);

  Place place_;
  bool is_suspended_ = false;
  Timer start_;
  bool has_begun_ = false;
  Scope scope_;  // of what is heard on the agent's loop
  std::unique_ptr<GuestWatch> watch_;
};

}  // namespace caisson::vmm
