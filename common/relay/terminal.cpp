// SPDX-License-Identifier: Apache-2.0
#include "common/relay/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <array>
#include <cstdlib>

namespace caisson {

Result<WindowSize> window_size(int terminal) {
  winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) < 0) {
    return fail_errno("read window size of terminal");
  }
  return WindowSize{.rows = size.ws_row, .columns = size.ws_col};
}

Result<void> set_window_size(int terminal, WindowSize size) {
  const winsize value{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(terminal, TIOCSWINSZ, &value) < 0) {
    return fail_errno("set window size of terminal");
  }
  return {};
}

Result<RawMode> RawMode::enter(int terminal) {
  termios saved{};
  if (::tcgetattr(terminal, &saved) < 0) {
    return fail_errno("read mode of terminal");
  }
  termios raw = saved;
  ::cfmakeraw(&raw);
  if (::tcsetattr(terminal, TCSANOW, &raw) < 0) {
    return fail_errno("set terminal to raw mode");
  }
  return RawMode(terminal, saved);
}

RawMode::RawMode(RawMode&& other) noexcept
    : terminal_(std::exchange(other.terminal_, -1)), saved_(other.saved_) {}

RawMode::~RawMode() {
  if (terminal_ >= 0) {
    ::tcsetattr(terminal_, TCSADRAIN, &saved_);
  }
}

Result<PtyPair> open_pty() {
  PtyPair pair;
  pair.master.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pair.master) {
    return fail_errno("open /dev/ptmx");
  }
  if (::grantpt(pair.master.get()) < 0 || ::unlockpt(pair.master.get()) < 0) {
    return fail_errno("unlock pseudo-terminal");
  }
  std::array<char, 64> name{};
  if (const int error = ::ptsname_r(pair.master.get(), name.data(), name.size()); error != 0) {
    return fail_errno("name pseudo-terminal", error);
  }
  pair.slave_path = name.data();
  pair.slave.reset(::ioctl(pair.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pair.slave) {
    return fail_errno("open " + pair.slave_path);
  }
  return pair;
}

}  // namespace caisson
