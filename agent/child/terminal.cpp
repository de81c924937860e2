// SPDX-License-Identifier: Apache-2.0
// The process's terminal: a pseudo-terminal of the container's own devpts, whose master goes to the agent.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "agent/child/child.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// The container owns the path; take it only if it is the real thing.
Result<UniqueFd> open_multiplexer(const Child& child) {
  const UniqueFd node = TRY(resolve_in_root(child.root.get(), "/dev/pts/ptmx"));
  struct stat info {};
  struct statfs file_system {};
  if (::fstat(node.get(), &info) < 0 || ::fstatfs(node.get(), &file_system) < 0) {
    return fail_errno("look at /dev/pts/ptmx");
  }
  if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(5, 2) || file_system.f_type != DEVPTS_SUPER_MAGIC) {
    return fail(ENODEV, "/dev/pts/ptmx is not a terminal multiplexer; mount devpts at /dev/pts");
  }
  const std::string path = "self/fd/" + std::to_string(node.get());
  UniqueFd master(::openat(child.proc.get(), path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master) {
    return fail_errno("open /dev/pts/ptmx");
  }
  return master;
}

winsize size_of(const v1::ConsoleSize& size) {
  winsize window{};
  window.ws_row = static_cast<unsigned short>(std::min(size.rows(), 0xffffU));
  window.ws_col = static_cast<unsigned short>(std::min(size.columns(), 0xffffU));
  return window;
}

// termios(3), ONLCR: on for a new terminal.
Result<void> leave_newlines(int terminal) {
  termios mode{};
  if (::tcgetattr(terminal, &mode) < 0) {
    return fail_errno("read mode of terminal");
  }
  mode.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  if (::tcsetattr(terminal, TCSANOW, &mode) < 0) {
    return fail_errno("set mode of terminal");
  }
  return {};
}

}  // namespace

Result<void> open_terminal(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (!process.terminal()) {
    return {};
  }
  const UniqueFd master = TRY_CONTEXT("open terminal", open_multiplexer(child));
  int unlocked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) < 0) {
    return fail_errno("unlock terminal");
  }
  child.terminal.reset(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!child.terminal) {
    return fail_errno("open slave side of terminal");
  }
  if (process.plain_newlines()) {
    TRY(leave_newlines(child.terminal.get()));
  }
  const winsize window = size_of(process.console_size());
  if (process.has_console_size() && ::ioctl(master.get(), TIOCSWINSZ, &window) < 0) {
    return fail_errno("set size of terminal");
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(child.terminal.get(), fd) < 0) {
      return fail_errno("set up stdio");
    }
  }
  if (::ioctl(0, TIOCSCTTY, 0) < 0) {
    return fail_errno("take controlling terminal");
  }
  return child.control.send_terminal(master);
}

}  // namespace caisson::agent
