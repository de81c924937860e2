// SPDX-License-Identifier: Apache-2.0
// The calling side of ttrpc over one connected stream socket. Blocking, one thread at a time; several calls
// may be under way, begun by start() and ended by finish() in any order. The peer is hostile: it can make a
// call fail. It cannot make the client hold more than one frame for each call, nor wait past a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/ttrpc/frame.h"
#include "common/unique_fd.h"

namespace google::protobuf {
class MessageLite;
}

namespace caisson::ttrpc {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

class Client {
 public:
  // `service` is the full name, e.g. "caisson.agent.v1.Agent".
  Client(UniqueFd connection, std::string service);

  // ETIMEDOUT past the deadline, ECONNRESET when the peer hung up, EPROTO or EMSGSIZE when it broke the
  // protocol (the connection is then useless and every later call fails), else the error the peer answered.
  Result<void> call(std::string_view method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response, Deadline deadline);

  // The two halves of call(), for who watches fd() from an event loop: start() sends, finish() reads until
  // the answer is there. `deadline` of start() limits the sending and is told to the peer. A call started
  // must be finished.
  Result<uint32_t> start(std::string_view method, const google::protobuf::MessageLite& request,
                         Deadline deadline);
  Result<void> finish(uint32_t stream, google::protobuf::MessageLite& response, Deadline deadline);

  [[nodiscard]] int fd() const { return connection_.get(); }

 private:
  Result<void> send(std::string_view bytes, Deadline deadline);
  Result<void> receive(Deadline deadline);
  Result<void> keep(Frame frame);
  Result<void> broken(Error error);

  UniqueFd connection_;
  std::string service_;
  uint32_t next_stream_ = 1;
  FrameReader reader_;
  std::map<uint32_t, std::optional<std::string>> pending_;  // by stream; the answer once it is there
  std::set<uint32_t> given_up_;                             // streams whose late answer is thrown away
  std::optional<Error> broken_;
};

}  // namespace caisson::ttrpc
