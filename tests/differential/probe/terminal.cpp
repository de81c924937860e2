// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

void tell_attributes() {
  termios attributes{};
  if (::tcgetattr(0, &attributes) < 0) {
    tell("terminal attributes", outcome(-1));
    return;
  }
  tell_hex("terminal input modes", attributes.c_iflag);
  tell_hex("terminal output modes", attributes.c_oflag);
  tell_hex("terminal control modes", attributes.c_cflag);
  tell_hex("terminal local modes", attributes.c_lflag);
}

}  // namespace

void tell_terminal(Arguments /*arguments*/) {
  for (int fd = 0; fd < 3; ++fd) {
    tell("terminal on " + std::to_string(fd), ::isatty(fd) == 1 ? "yes" : "no");
  }
  const int controlling = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  tell("controlling terminal", outcome(controlling));
  if (controlling >= 0) {
    ::close(controlling);
  }
  if (::isatty(0) == 0) {
    return;
  }
  std::array<char, 64> name{};
  const int named = ::ttyname_r(0, name.data(), name.size());
  tell("terminal name", named == 0 ? name.data() : error_name(named));
  winsize size{};
  tell("terminal size", ::ioctl(0, TIOCGWINSZ, &size) < 0
                            ? outcome(-1)
                            : std::to_string(size.ws_col) + "x" + std::to_string(size.ws_row));
  tell("terminal foreground group", ::tcgetpgrp(0) == ::getpgrp() ? "ours" : "another");
  tell("terminal session", ::tcgetsid(0) == ::getsid(0) ? "ours" : "another");
  tell("terminal node", describe("/dev/console"));
  tell_attributes();
}

}  // namespace caisson::probe
