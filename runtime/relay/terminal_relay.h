// SPDX-License-Identifier: Apache-2.0
// Between the caller's terminal (descriptors 0 and 1) and the master of a container's pty: what an engine
// does, for a person who runs caisson by hand. Two threads copy; the caller's terminal is raw meanwhile.
#pragma once

#include <memory>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

class TerminalRelay {
 public:
  // If standard input is no terminal, its bytes are typed into the container's terminal.
  static Result<TerminalRelay> start(UniqueFd master);
  TerminalRelay(TerminalRelay&&) noexcept;
  TerminalRelay& operator=(TerminalRelay&&) = delete;
  ~TerminalRelay();

  // The caller's window has changed (SIGWINCH).
  void follow_window_size();
  // The container has ended: drains what it wrote, and gives the terminal back.
  void finish();

 private:
  struct Threads;
  explicit TerminalRelay(std::unique_ptr<Threads> threads);
  std::unique_ptr<Threads> threads_;
};

}  // namespace caisson::runtime
