// SPDX-License-Identifier: Apache-2.0
#include "runtime/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

Result<void> write_all(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return fail_errno("write " + path);
    }
    text.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
  }
  return {};
}

}  // namespace

Result<std::string> read_all(int fd, const std::string& what, size_t limit) {
  std::string text;
  std::array<char, 16384> chunk{};
  while (true) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got == 0) {
      return text;
    }
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail_errno("read " + what);
    }
    if (text.size() + static_cast<size_t>(got) > limit) {
      return fail(EFBIG, "read " + what + ": it is larger than " + std::to_string(limit) + " bytes");
    }
    text.append(chunk.data(), static_cast<size_t>(got));
  }
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  // O_NONBLOCK: a FIFO in place of the file must not hang us.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    return fail_errno("open " + path);
  }
  return read_all(file.get(), path, limit);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) {
    return fail_errno("open " + path);
  }
  if (::write(file.get(), text.data(), text.size()) < 0) {
    return fail_errno("write " + std::string(text) + " to " + path);
  }
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".new";
  const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) {
    return fail_errno("create " + temporary);
  }
  if (auto written = write_all(file.get(), temporary, text); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) < 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return fail_errno("replace " + path, error);
  }
  return {};
}

}  // namespace caisson::runtime
