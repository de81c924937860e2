// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/stdio.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <array>
#include <string>
#include <thread>

#include "common/relay/pump.h"

namespace caisson::vmm {
namespace {

enum class Direction { to_guest, from_guest };

mode_t type_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

// A pump on a thread of its own between a descriptor that may block and one end of a socket pair: for
// descriptors that cannot be opened anew (another user's pipe), or have a position to go on from.
Result<UniqueFd> bridge(UniqueFd fd, Direction direction) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) < 0) {
    return fail_errno("create socket pair for stdio");
  }
  UniqueFd ours(pair[0]);
  std::thread([fd = std::move(fd), theirs = UniqueFd(pair[1]), direction] {
    if (direction == Direction::to_guest) {
      [[maybe_unused]] const auto end = pump(fd.get(), theirs.get());
      end_of_file(theirs.get());
    } else {
      [[maybe_unused]] const auto end = pump(theirs.get(), fd.get());
      stop_reading(theirs.get());
    }
  }).detach();
  return ours;
}

// The same pipe, terminal or device through an open file description of our own in non-blocking mode: flags
// of the inherited description are shared with the engine and must stay as they are.
Result<UniqueFd> non_blocking(int number, Direction direction) {
  UniqueFd inherited(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!inherited) {
    return fail_errno("duplicate descriptor " + std::to_string(number));
  }
  const mode_t type = type_of(number);
  if (type == S_IFSOCK) {
    return inherited;  // asked without waiting each time (Stream)
  }
  if (type == S_IFREG) {
    // What is a file, and no served one, may make its reader wait: those of procfs and their like.
    return bridge(std::move(inherited), direction);
  }
  const int access = direction == Direction::to_guest ? O_RDONLY : O_WRONLY;
  UniqueFd own(::open(("/proc/self/fd/" + std::to_string(number)).c_str(),
                      access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own) {
    return own;
  }
  return bridge(std::move(inherited), direction);
}

Result<void> take_terminal() {
  if (::ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) {
    return fail_errno("make terminal the controlling one");
  }
  termios mode{};
  if (::tcgetattr(STDIN_FILENO, &mode) < 0) {
    return fail_errno("read mode of terminal");
  }
  ::cfmakeraw(&mode);
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0) {
    return fail_errno("set terminal to raw mode");
  }
  return {};
}

// Nobody here reads descriptor 0 or writes 1: held on to, they would keep a pipe open whose other end waits
// for the container to close it. Descriptor 2 is still where the log may go; see let_go_of_stderr().
Result<void> let_go_of_stdin_and_stdout() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) {
    // EPERM: a cgroup above the container's denies devices (docs/engines.md).
    return fail_errno("open /dev/null in the container's cgroup of the host");
  }
  if (::dup2(null.get(), STDIN_FILENO) < 0 || ::dup2(null.get(), STDOUT_FILENO) < 0) {
    return fail_errno("let go of stdio");
  }
  return {};
}

Result<StdioStream> make_stream(agent::StreamKind kind, UniqueFd source, UniqueFd sink) {
  return StdioStream{
      .kind = kind, .descriptor = 0, .stream = TRY(vsock::Stream::pair(std::move(source), std::move(sink)))};
}

}  // namespace

Result<std::vector<UniqueFd>> take_served(const std::vector<LaunchSpec::Served>& served) {
  std::vector<UniqueFd> taken;
  for (const LaunchSpec::Served& entry : served) {
    // Of 0, 1 and 2 a copy: 2 is still where the log may go.
    taken.emplace_back(entry.fd > STDERR_FILENO ? entry.fd : ::fcntl(entry.fd, F_DUPFD_CLOEXEC, 3));
    if (!taken.back()) {
      return fail_errno("take over file " + std::to_string(entry.fd));
    }
  }
  return taken;
}

Result<std::vector<StdioStream>> take_stdio(const LaunchSpec::Stdio& stdio) {
  using agent::StreamKind;
  std::vector<StdioStream> streams;
  if (stdio.terminal) {
    TRY(take_terminal());
    streams.push_back(
        TRY(make_stream(StreamKind::terminal, TRY(non_blocking(STDIN_FILENO, Direction::to_guest)),
                        TRY(non_blocking(STDIN_FILENO, Direction::from_guest)))));
    return streams;
  }
  if (stdio.input) {
    streams.push_back(TRY(make_stream(StreamKind::standard_input,
                                      TRY(non_blocking(STDIN_FILENO, Direction::to_guest)), UniqueFd())));
  }
  if (stdio.output) {
    streams.push_back(TRY(make_stream(StreamKind::standard_output, UniqueFd(),
                                      TRY(non_blocking(STDOUT_FILENO, Direction::from_guest)))));
    streams.back().is_our_stderr = stdio.error_is_output;
  }
  if (stdio.error) {
    streams.push_back(TRY(make_stream(StreamKind::standard_error, UniqueFd(),
                                      TRY(non_blocking(STDERR_FILENO, Direction::from_guest)))));
    streams.back().is_our_stderr = true;
  }
  TRY(let_go_of_stdin_and_stdout());
  return streams;
}

Result<std::vector<StdioStream>> take_preserved(const std::vector<LaunchSpec::Preserved>& preserved) {
  std::vector<StdioStream> streams;
  for (const LaunchSpec::Preserved& entry : preserved) {
    UniqueFd given(entry.fd);
    const auto take = [&]() -> Result<vsock::Stream> {
      if (entry.reads && entry.writes) {
        return vsock::Stream::socket(std::move(given));
      }
      if (entry.reads) {
        return vsock::Stream::pair(TRY(non_blocking(given.get(), Direction::to_guest)), UniqueFd());
      }
      return vsock::Stream::pair(UniqueFd(), TRY(non_blocking(given.get(), Direction::from_guest)));
    };
    streams.push_back(
        {.kind = agent::StreamKind::preserved,
         .descriptor = static_cast<uint16_t>(entry.number),
         .stream = TRY_CONTEXT("take over descriptor " + std::to_string(entry.number), take())});
  }
  return streams;
}

void let_go_of_stderr() {
  // dup3: the jail (vmm/jail) lets no dup2 through. Both are open, so it does not fail.
  (void)::dup3(STDOUT_FILENO, STDERR_FILENO, 0);
}

}  // namespace caisson::vmm
