// SPDX-License-Identifier: Apache-2.0
// What the agent tells the host unasked: Ready, log records, out-of-memory events. They go over one
// connection that the agent opens to the host (protocol/agent/agent.proto, "Ports"). Never blocks; records
// past the bound are dropped and counted.
#pragma once

#include <map>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

namespace v1 {
class AgentEvent;
}

enum class LogLevel { debug = 1, info = 2, warning = 3, error = 4 };
using LogFields = std::map<std::string, std::string>;

class EventStream {
 public:
  // `connection` may still be connecting.
  EventStream(EventLoop& loop, UniqueFd connection);
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() = default;

  // Sends at once if the connection takes it. So an event is under way before any answer that is sent after
  // it.
  void send(const v1::AgentEvent& event);
  void log(LogLevel level, std::string message, const LogFields& fields = {});

 private:
  void flush();
  void close();

  UniqueFd connection_;
  Watch watch_;
  bool is_connected_ = false;
  std::string out_;
  size_t dropped_ = 0;
};

}  // namespace caisson::agent
