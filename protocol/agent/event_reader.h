// SPDX-License-Identifier: Apache-2.0
// Cuts the agent's event stream (protocol/agent/agent.proto, "Ports": host 1024) into messages. The
// bytes are foreign: a message past the limit ends the stream.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::agent {

namespace v1 {
class AgentEvent;
}

// LIMIT: agent.proto.
inline constexpr size_t kMaxEventBytes = 64U << 10;

class EventReader {
 public:
  void feed(std::string_view bytes);
  // The next whole event into `event`; false when more bytes are needed. After an error the stream is
  // useless.
  Result<bool> next(v1::AgentEvent& event);

 private:
  std::string buffer_;
};

// EMSGSIZE when it is longer than the reader takes.
Result<std::string> encode_event(const v1::AgentEvent& event);

}  // namespace caisson::agent
