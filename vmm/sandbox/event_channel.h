// SPDX-License-Identifier: Apache-2.0
// Receives the agent's events (protocol/agent/agent.proto, host port 1024): length-prefixed AgentEvent
// messages. Every byte is hostile: sizes are bounded, and logged text goes through GuestLog.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "common/event_loop.h"
#include "common/unique_fd.h"
#include "protocol/agent/event_reader.h"

namespace caisson::vmm {

class EventChannel {
 public:
  using Handler = std::function<void(const agent::v1::AgentEvent&)>;

  // Reads `stream` (non-blocking from here on) on `loop` until it ends; `on_event` is called on the loop.
  static Result<std::unique_ptr<EventChannel>> open(EventLoop& loop, UniqueFd stream, Handler on_event);
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;
  ~EventChannel() = default;

  // Delivers what has arrived, at once. To be called on the loop.
  void drain();

 private:
  EventChannel(UniqueFd stream, Handler on_event);
  // Takes one piece of the stream. False when there is none for now.
  bool on_readable();
  Result<void> deliver();
  void close();

  UniqueFd stream_;
  Watch watch_;
  Handler on_event_;
  agent::EventReader reader_;
};

}  // namespace caisson::vmm
