// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/preserved_descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/stream_hello.h"

namespace caisson::runtime {
namespace {

constexpr int kFirst = 3;
constexpr size_t kMost = agent::kMostPreserved;
constexpr int kHighest = agent::kHighestPreserved;

std::optional<int64_t> number_of(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

tl::unexpected<Error> refused(int number, const std::string& what) {
  return fail(EINVAL, "--preserve-fds, LISTEN_FDS: descriptor " + std::to_string(number) + " " + what);
}

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

Result<PreservedDescriptor> describe_socket(int fd) {
  if (socket_option(fd, SO_TYPE) != SOCK_STREAM) {
    return refused(fd, "is a socket of messages, which a stream into a VM does not keep apart; close it");
  }
  if (socket_option(fd, SO_ACCEPTCONN) != 0) {
    return refused(
        fd,
        "is a listening socket, and a VM cannot accept the host's connections; close it, or listen in "
        "the container");
  }
  return PreservedDescriptor{.number = fd, .reads = true, .writes = true};
}

Result<PreservedDescriptor> describe(int fd) {
  struct stat info {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (::fstat(fd, &info) < 0 || flags < 0) {
    return refused(fd, "cannot be looked at; close it");
  }
  const int access = flags & O_ACCMODE;
  PreservedDescriptor found{.number = fd, .reads = access != O_WRONLY, .writes = access != O_RDONLY};
  if ((flags & O_PATH) != 0 || S_ISDIR(info.st_mode)) {
    return refused(fd, "is a place in the host's file system; close it, and use a bind mount");
  }
  if (const auto plain = find_file_or_device(fd)) {
    return *plain;
  }
  if (S_ISSOCK(info.st_mode)) {
    return describe_socket(fd);
  }
  if (!S_ISFIFO(info.st_mode) && !S_ISREG(info.st_mode)) {
    return refused(fd,
                   "is neither a pipe, a file nor a stream socket, and cannot be passed into a VM; close it");
  }
  if (access == O_RDWR) {
    return refused(
        fd,
        "is open for reading and writing at once, which a stream into a VM does not do; open it for one "
        "of them, or use a bind mount");
  }
  return found;
}

}  // namespace

std::vector<int> open_descriptors() {
  std::vector<int> open;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) {
    return open;
  }
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto number = number_of(entry->d_name);
    if (number && *number >= kFirst && *number != ::dirfd(directory.get())) {
      open.push_back(static_cast<int>(*number));
    }
  }
  std::sort(open.begin(), open.end());
  return open;
}

Result<PreservedCount> count_preserved(int64_t preserve_fds) {
  if (preserve_fds < 0 || preserve_fds > kHighest) {
    return fail(EINVAL, "--preserve-fds: must be between 0 and " + std::to_string(kHighest));
  }
  PreservedCount count{.preserved = static_cast<int>(preserve_fds)};
  const char* listened = std::getenv("LISTEN_FDS");
  const char* meant_for = std::getenv("LISTEN_PID");
  if (listened == nullptr || *listened == '\0' ||
      (meant_for != nullptr && number_of(meant_for) != std::optional<int64_t>(::getpid()))) {
    return count;
  }
  const auto number = number_of(listened);
  if (!number || *number < 0 || *number > kHighest) {
    return fail(EINVAL,
                "LISTEN_FDS: \"" + std::string(listened) + "\" is not a number of descriptors; unset it");
  }
  count.listened = static_cast<int>(*number);
  return count;
}

Result<std::vector<PreservedDescriptor>> find_preserved(const PreservedCount& count,
                                                        const std::vector<int>& open) {
  std::vector<PreservedDescriptor> found;
  for (const int fd : open) {
    if (fd >= kFirst + count.all()) {
      break;
    }
    found.push_back(TRY(describe(fd)));
  }
  if (found.size() > kMost || (!found.empty() && found.back().number > kHighest)) {
    return fail(E2BIG, "--preserve-fds, LISTEN_FDS: " + std::to_string(found.size()) + " descriptors up to " +
                           std::to_string(found.back().number) + " are open; at most " +
                           std::to_string(kMost) + " up to " + std::to_string(kHighest) +
                           " can be passed into a VM");
  }
  return found;
}

void fill_preserved(const std::vector<PreservedDescriptor>& preserved, const PreservedCount& count,
                    uint64_t token, agent::v1::Process& process) {
  for (const PreservedDescriptor& one : preserved) {
    fill_descriptor(one, token, *process.add_preserved());
  }
  if (count.listened == 0) {
    return;
  }
  const auto set = [&process](std::string_view name, int value) {
    const auto& variables = process.env();
    const bool is_set = std::any_of(variables.begin(), variables.end(), [name](const std::string& variable) {
      return variable.starts_with(name) && variable.size() > name.size() && variable[name.size()] == '=';
    });
    if (!is_set) {
      process.add_env(std::string(name) + "=" + std::to_string(value));
    }
  };
  // sd_listen_fds(3): the process is the first of its namespace, as for runc and crun.
  set("LISTEN_FDS", count.listened);
  set("LISTEN_PID", 1);
}

}  // namespace caisson::runtime
