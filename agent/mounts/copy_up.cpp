// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>
#include <string>

#include "common/unique_fd.h"

namespace caisson::agent {
namespace {

// LIMIT: recursion holds two descriptors and a stack frame a level.
constexpr int kMaxDepth = 64;

Result<void> copy_directory(int from, int to, int depth);

Result<void> copy_file(int from, int to, const char* name, const struct stat& info) {
  const UniqueFd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const UniqueFd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 07777));
  if (!source || !target) {
    return fail_errno("open");
  }
  while (true) {
    const ssize_t n = ::sendfile(target.get(), source.get(), nullptr, 1U << 20);
    if (n < 0) {
      return fail_errno("copy");
    }
    if (n == 0) {
      return {};
    }
  }
}

Result<void> copy_link(int from, int to, const char* name) {
  std::array<char, PATH_MAX> text{};
  const ssize_t n = ::readlinkat(from, name, text.data(), text.size() - 1);
  if (n < 0 || ::symlinkat(text.data(), to, name) < 0) {
    return fail_errno("copy symlink");
  }
  return {};
}

Result<void> copy_entry(int from, int to, const char* name, int depth) {
  struct stat info {};
  if (::fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_errno("look at it");
  }
  if (S_ISDIR(info.st_mode)) {
    const UniqueFd source(::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!source || ::mkdirat(to, name, info.st_mode & 07777) < 0) {
      return fail_errno("make directory");
    }
    const UniqueFd target(::openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!target) {
      return fail_errno("open directory");
    }
    TRY(copy_directory(source.get(), target.get(), depth + 1));
  } else if (S_ISREG(info.st_mode)) {
    TRY(copy_file(from, to, name, info));
  } else if (S_ISLNK(info.st_mode)) {
    TRY(copy_link(from, to, name));
  } else if (::mknodat(to, name, info.st_mode, info.st_rdev) < 0) {
    return fail_errno("make node");
  }
  if (::fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_errno("set owner");
  }
  return {};
}

Result<void> copy_directory(int from, int to, int depth) {
  if (depth > kMaxDepth) {
    return fail_errno("copy", ELOOP);
  }
  const int listed = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(listed < 0 ? nullptr : ::fdopendir(listed), ::closedir);
  if (!directory) {
    return fail_errno("list directory");
  }
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      TRY_CONTEXT(name, copy_entry(from, to, name.c_str(), depth));
    }
  }
  return {};
}

}  // namespace

Result<void> copy_tree(int from, int to) {
  return copy_directory(from, to, 0);
}

}  // namespace caisson::agent
