// SPDX-License-Identifier: Apache-2.0
// The talk between the agent and a child that is setting itself up, over one SEQPACKET socket pair. The
// child's end is closed by its exec: end of file after "go" means that the user's program runs. Both ends are
// this program; nothing of the container ever holds one.
#pragma once

#include <optional>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

enum class ControlKind : uint8_t {
  need_id_maps = 1,      // child: my user namespace exists; write its maps
  id_maps_written,       // agent
  need_time_offsets,     // child: my children's time namespace exists; write its offsets
  time_offsets_written,  // agent
  terminal,              // child: carries the master side of its terminal
  ready,                 // child: all is done but the exec
  go,                    // agent
  error,                 // child: set-up failed; I exit
};

struct ControlMessage {
  ControlKind kind = ControlKind::error;
  Error error;  // of kind error
  UniqueFd fd;  // of kind terminal
};

class Control {
 public:
  struct Pair;
  static Result<Pair> create_pair();
  explicit Control(UniqueFd socket) : socket_(std::move(socket)) {}

  Result<void> send(ControlKind kind);
  Result<void> send_terminal(const UniqueFd& master);
  Result<void> send_error(const Error& error);

  // The next message; nothing at end of file. EAGAIN when the socket is non-blocking and none is there.
  Result<std::optional<ControlMessage>> receive();
  // Blocks until exactly this message comes.
  Result<void> expect(ControlKind kind);

  // Moves to a number of at least `lowest`, and leaves those below to others.
  Result<void> move_above(int lowest);

  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Result<void> send_packet(ControlKind kind, int code, std::string_view text, int fd);

  UniqueFd socket_;
};

struct Control::Pair {
  Control agent;  // non-blocking
  Control child;  // blocking
};

}  // namespace caisson::agent
