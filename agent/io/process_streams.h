// SPDX-License-Identifier: Apache-2.0
// The agent's ends of one process's stdio, and the connections of the host they are pumped to and from. Bytes
// wait in the pipe until the host has attached; nothing is read before that, so nothing is lost.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "agent/io/pump.h"
#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/stream_hello.h"

namespace caisson::agent {

class ProcessStreams {
 public:
  struct Wanted {
    bool terminal = false;
    std::array<bool, 3> attached = {};   // stdin, stdout, stderr
    std::array<bool, 3> elsewhere = {};  // likewise: a file or device, which is not made here
    bool stdin_is_directory = false;
  };
  // What the child gets as 0, 1 and 2. Invalid for files and devices, and with a terminal.
  using ChildEnds = std::array<UniqueFd, 3>;

  explicit ProcessStreams(EventLoop& loop) : loop_(loop) {}
  ProcessStreams(const ProcessStreams&) = delete;
  ProcessStreams& operator=(const ProcessStreams&) = delete;
  ~ProcessStreams();

  Result<ChildEnds> prepare(const Wanted& wanted);
  // The master side, which the child opens in its own devpts.
  void set_terminal(UniqueFd master);

  // Takes the host's connection. EEXIST when there is one already, ENOENT when the process has no such
  // stream.
  Result<void> attach(StreamKind kind, UniqueFd connection);
  Result<void> close_stdin();
  // The output ends with what the process has written by now, although other processes may still hold its
  // pipes.
  void end_output();
  Result<void> resize(uint32_t rows, uint32_t columns);

 private:
  struct Slot {
    UniqueFd end;         // the agent's, until attached
    UniqueFd connection;  // the host's, until `end` is there
    bool expected = false;
    bool attached = false;
    bool close_requested = false;  // of stdin, before the host attached
  };

  Result<void> connect_pipe(StreamKind kind);
  Result<void> connect_terminal();
  void hang_up();
  Slot& slot(StreamKind kind) { return slots_.at(static_cast<size_t>(kind)); }

  EventLoop& loop_;
  std::array<Slot, 4> slots_;
  UniqueFd master_;  // kept for the window size
  std::weak_ptr<Pump> stdin_;
  std::vector<std::weak_ptr<Pump>> outputs_;
  std::weak_ptr<Pump> terminal_output_;
  bool output_ended_ = false;
};

}  // namespace caisson::agent
