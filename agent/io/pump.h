// SPDX-License-Identifier: Apache-2.0
// Moves bytes one way from one descriptor to another, with back pressure: it reads only what it could pass
// on. Lives in the event loop until one side ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

class Pump : public std::enable_shared_from_this<Pump> {
 public:
  enum class End {
    source_ended,  // all its bytes were passed on, and the sink was half-closed if it is a socket
    sink_broken,   // nobody takes bytes any more, and bytes in flight are lost, as with any pipe
  };
  // Called once, when both descriptors are closed.
  using Done = std::function<void(End)>;

  // Both are made non-blocking, and must be pipes, terminals or sockets.
  static Result<std::shared_ptr<Pump>> start(EventLoop& loop, UniqueFd source, UniqueFd sink, Done done);

  // Passes on what the source holds at this moment, as soon as the sink takes it. Then ends as if the source
  // had ended.
  void finish();
  // Ends now, losing what is in flight.
  void abandon();

  ~Pump() = default;
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

 private:
  Pump(EventLoop& loop, UniqueFd source, UniqueFd sink, Done done);

  void on_source();
  void on_sink(uint32_t events);
  // Reads at most once and passes on. False when the source has no more for now.
  bool move_once();
  void flush();
  void watch_source(bool wanted);
  void watch_sink(bool wanted);
  void end(End how);

  EventLoop& loop_;
  UniqueFd source_;
  UniqueFd sink_;
  Watch source_watch_;
  Watch sink_watch_;
  Done done_;
  std::string left_;                  // read, not yet written
  std::optional<size_t> last_bytes_;  // after finish(): how many are still to be passed on
  bool source_ended_ = false;
};

// A duplicate of the descriptor, for a second pump.
Result<UniqueFd> duplicate(const UniqueFd& fd);

// Whether the peer of a connected socket has gone for good, as opposed to having only ended its sending side.
[[nodiscard]] bool is_peer_gone(int socket);

}  // namespace caisson::agent
