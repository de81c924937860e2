// SPDX-License-Identifier: Apache-2.0
// One accepted connection of a ttrpc::Server: reads requests, keeps answers the peer has not read yet.
// Private to common/ttrpc.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/server.h"

namespace caisson::ttrpc {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, UniqueFd socket);

  // Serves the peer on `loop` until it is destroyed.
  Result<void> listen(EventLoop& loop);

  // Queues the answer to `stream`. After a failure the connection is gone.
  void answer(uint32_t stream, std::string_view payload);
  void answer_error(uint32_t stream, const Error& error);

  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  // Serves one readiness event of the socket.
  void handle(uint32_t events);
  Result<void> read_some();
  Result<void> dispatch_whole_frames();
  Result<void> dispatch(const Frame& frame);
  void send_envelope(uint32_t stream, const std::string& envelope);
  Result<void> write_some();
  Result<void> update_watch();
  [[nodiscard]] bool is_full() const;

  Server& server_;
  UniqueFd socket_;
  Watch watch_;
  FrameReader reader_;
  std::string out_;
  size_t sent_ = 0;           // of out_
  uint32_t last_stream_ = 0;  // [ttrpc]: stream ids of requests only grow
  std::unordered_set<uint32_t> in_flight_;
};

}  // namespace caisson::ttrpc
