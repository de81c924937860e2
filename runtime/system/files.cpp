// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

// With what is added to it a name is within NAME_MAX.
constexpr size_t kMaxNamePrefix = 200;

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

enum class Existing { replace, keep };

// A name that nobody has laid a file or a link under beforehand, nor can guess.
Result<std::string> unguessable(const std::string& name) {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof(number), 0) != static_cast<ssize_t>(sizeof(number))) {
    return fail_errno("name a new file");
  }
  return "." + name.substr(0, kMaxNamePrefix) + "." + std::to_string(number);
}

// The directory may be anybody's (/tmp): it is looked up once, and what is written is ours alone.
Result<void> put_file(const std::string& path, std::string_view text, mode_t mode, Existing existing) {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const UniqueFd directory(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return fail_errno("open " + parent);
  }
  const std::string temporary = TRY(unguessable(name));
  const UniqueFd file(::openat(directory.get(), temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) {
    return fail_errno("create " + path);
  }
  // The mode is the one asked for, whatever the umask.
  auto written = ::fchmod(file.get(), mode) == 0 ? write_all(file.get(), path, text)
                                                 : fail_errno("give " + path + " its mode");
  if (written && ::renameat2(directory.get(), temporary.c_str(), directory.get(), name.c_str(),
                             existing == Existing::keep ? RENAME_NOREPLACE : 0) < 0) {
    written = fail_errno((existing == Existing::keep ? "create " : "replace ") + path);
  }
  if (!written) {
    ::unlinkat(directory.get(), temporary.c_str(), 0);
  }
  return written;
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

Result<std::string> read_strangers_file(const std::string& directory, const std::string& name, size_t limit) {
  const std::string path = directory + "/" + name;
  const UniqueFd place(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) {
    return fail_errno("open " + directory);
  }
  // O_NONBLOCK: a FIFO in place of the file must not hang us.
  const UniqueFd file(
      ::openat(place.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) {
    return fail_errno("open " + path);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) {
    return fail_errno("look at " + path);
  }
  return S_ISREG(status.st_mode) ? read_all(file.get(), path, limit)
                                 : fail(EPROTO, "read " + path + ": it is no regular file");
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
  return put_file(path, text, mode, Existing::replace);
}

Result<void> create_file(const std::string& path, std::string_view text, mode_t mode) {
  return put_file(path, text, mode, Existing::keep);
}

}  // namespace caisson::runtime
