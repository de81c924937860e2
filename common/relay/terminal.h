// SPDX-License-Identifier: Apache-2.0
// The host's end of a terminal: raw mode that is undone, window size, and a fresh pty pair. The guest's own
// terminal does the line editing and the job control; on the host every byte passes untouched.
#pragma once

#include <termios.h>

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

struct WindowSize {
  uint16_t rows = 0;
  uint16_t columns = 0;
  bool operator==(const WindowSize&) const = default;
};

Result<WindowSize> window_size(int terminal);
Result<void> set_window_size(int terminal, WindowSize size);

// Puts a terminal into raw mode for the life of the object. The descriptor must outlive it.
class RawMode {
 public:
  static Result<RawMode> enter(int terminal);
  RawMode(RawMode&& other) noexcept;
  RawMode& operator=(RawMode&&) = delete;
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode();

 private:
  RawMode(int terminal, const termios& saved) : terminal_(terminal), saved_(saved) {}
  int terminal_;
  termios saved_;
};

struct PtyPair {
  UniqueFd master;
  UniqueFd slave;
  std::string slave_path;
};
Result<PtyPair> open_pty();

}  // namespace caisson
