// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/process_identity.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::runtime {
namespace {

struct StatLine {
  char state = '?';
  uint64_t start_time = 0;
};

// /proc/<pid>/stat: "pid (name) state ppid …", where the name may hold anything; the fields after the last
// ')' count.
std::optional<StatLine> parse_stat(std::string_view line) {
  const size_t name_end = line.rfind(") ");
  if (name_end == std::string_view::npos || name_end + 2 >= line.size()) {
    return std::nullopt;
  }
  std::string_view rest = line.substr(name_end + 2);
  StatLine parsed{.state = rest[0]};
  constexpr int kFieldsFromStateToStart = 19;  // state is field 3, starttime 22
  for (int i = 0; i < kFieldsFromStateToStart; ++i) {
    const size_t space = rest.find(' ');
    if (space == std::string_view::npos) {
      return std::nullopt;
    }
    rest.remove_prefix(space + 1);
  }
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), parsed.start_time);
  return error == std::errc() ? std::optional(parsed) : std::nullopt;
}

std::optional<StatLine> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  return size > 0 ? parse_stat({text.data(), static_cast<size_t>(size)}) : std::nullopt;
}

}  // namespace

Result<ProcessIdentity> ProcessIdentity::of(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat) {
    return fail(ESRCH, "identify process " + std::to_string(pid) + ": it has gone");
  }
  return ProcessIdentity{.pid = pid, .start_time = stat->start_time};
}

bool ProcessIdentity::is_alive() const {
  if (pid <= 0) {
    return false;
  }
  const auto stat = read_stat(pid);
  return stat && stat->start_time == start_time && stat->state != 'Z' && stat->state != 'X';
}

uint64_t own_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

Result<UniqueFd> open_process(const ProcessIdentity& process) {
  if (process.pid <= 0) {
    return fail(ESRCH, "open process: it was never started");
  }
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!fd) {
    return fail_errno("open process " + std::to_string(process.pid));
  }
  // ORDERING: the descriptor first, then the check: if the pid still has our start time, the descriptor is of
  // it.
  if (!process.is_alive()) {
    return fail(ESRCH, "open process " + std::to_string(process.pid) + ": it has gone");
  }
  return fd;
}

Result<void> send_signal(const UniqueFd& process, int signal) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) < 0) {
    return fail_errno("send signal " + std::to_string(signal));
  }
  return {};
}

Result<bool> wait_for_end(const UniqueFd& process, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{.fd = process.get(), .events = POLLIN, .revents = 0};
    const int timeout = static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
    const int ready = ::poll(&entry, 1, timeout);
    if (ready > 0) {
      return true;
    }
    if (ready == 0) {
      return false;
    }
    if (errno != EINTR) {
      return fail_errno("wait for process");
    }
  }
}

}  // namespace caisson::runtime
