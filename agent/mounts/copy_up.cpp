// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/copy_up.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/unique_fd.h"

namespace caisson::agent {
namespace {

// LIMIT: recursion holds three descriptors and a stack frame a level.
constexpr int kMaxDepth = 64;
// LIMIT: xattr(7): XATTR_LIST_MAX, XATTR_SIZE_MAX.
constexpr size_t kMaxAttributeBytes = 64UL << 10;

// The path by which calls that know no AT_EMPTY_PATH reach what is open by O_PATH, symbolic links too.
std::string path_of(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

// Extended attributes: capabilities, access control lists and users' own are all kept as such.
Result<void> copy_attributes(int from, int to) {
  std::string names(kMaxAttributeBytes, '\0');
  const ssize_t listed = ::listxattr(path_of(from).c_str(), names.data(), names.size());
  if (listed < 0) {
    return errno == EOPNOTSUPP ? Result<void>{} : fail_errno("list extended attributes");
  }
  std::string value(kMaxAttributeBytes, '\0');
  for (size_t at = 0; at < static_cast<size_t>(listed);) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    const ssize_t size = ::getxattr(path_of(from).c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) {
      return fail_errno("read attribute " + name);
    }
    if (::setxattr(path_of(to).c_str(), name.c_str(), value.data(), static_cast<size_t>(size), 0) < 0) {
      return fail_errno("set attribute " + name);
    }
  }
  return {};
}

// Owner first: a new one takes set-ID bits and capabilities away. Times last.
Result<void> copy_inode(int from, int to, const struct stat& info) {
  if (::fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH) < 0) {
    return fail_errno("set owner");
  }
  // A symbolic link has neither a mode nor attributes of users.
  if (!S_ISLNK(info.st_mode)) {
    if (::chmod(path_of(to).c_str(), info.st_mode & 07777) < 0) {
      return fail_errno("set mode");
    }
    TRY(copy_attributes(from, to));
  }
  const timespec times[2] = {info.st_atim, info.st_mtim};
  return ::utimensat(to, "", times, AT_EMPTY_PATH) == 0 ? Result<void>{} : fail_errno("set times");
}

class TreeCopy {
 public:
  explicit TreeCopy(int to) : to_(to) {}

  Result<void> directory(int from, int to, const std::string& path, int depth) {
    if (depth > kMaxDepth) {
      return fail_errno("copy", ELOOP);
    }
    const int listed = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(listed < 0 ? nullptr : ::fdopendir(listed), ::closedir);
    if (!entries) {
      return fail_errno("list directory");
    }
    while (const dirent* next = ::readdir(entries.get())) {
      const std::string name = next->d_name;
      if (name != "." && name != "..") {
        TRY_CONTEXT(name, entry(from, to, name, path + name, depth));
      }
    }
    return {};
  }

 private:
  Result<void> entry(int from, int to, const std::string& name, const std::string& path, int depth) {
    const UniqueFd source(::openat(from, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!source || ::fstat(source.get(), &info) < 0) {
      return fail_errno("look at it");
    }
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) {
      const auto [known, is_first] = names_.try_emplace({info.st_dev, info.st_ino}, path);
      if (!is_first) {
        return ::linkat(to_, known->second.c_str(), to, name.c_str(), 0) == 0 ? Result<void>{}
                                                                              : fail_errno("link");
      }
    }
    TRY(make(source.get(), to, name.c_str(), info));
    const UniqueFd target(::openat(to, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!target) {
      return fail_errno("open the copy");
    }
    if (S_ISDIR(info.st_mode)) {
      TRY(directory(source.get(), target.get(), path + "/", depth + 1));
    }
    return copy_inode(source.get(), target.get(), info);
  }

  static Result<void> make(int source, int to, const char* name, const struct stat& info) {
    if (S_ISDIR(info.st_mode)) {
      return ::mkdirat(to, name, 0700) == 0 ? Result<void>{} : fail_errno("make directory");
    }
    if (S_ISREG(info.st_mode)) {
      return copy_file(source, to, name);
    }
    if (S_ISLNK(info.st_mode)) {
      return copy_link(source, to, name);
    }
    return ::mknodat(to, name, info.st_mode & (S_IFMT | 0700), info.st_rdev) == 0 ? Result<void>{}
                                                                                  : fail_errno("make node");
  }

  static Result<void> copy_file(int from, int to, const char* name) {
    const UniqueFd source(::open(path_of(from).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const UniqueFd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!source || !target) {
      return fail_errno("open");
    }
    while (true) {
      const ssize_t n = ::sendfile(target.get(), source.get(), nullptr, 1U << 20);
      if (n <= 0) {
        return n == 0 ? Result<void>{} : fail_errno("copy");
      }
    }
  }

  static Result<void> copy_link(int from, int to, const char* name) {
    std::array<char, PATH_MAX> text{};
    const ssize_t n = ::readlinkat(from, "", text.data(), text.size() - 1);
    return n >= 0 && ::symlinkat(text.data(), to, name) == 0 ? Result<void>{} : fail_errno("copy symlink");
  }

  int to_;
  // Where the first name of a file with several is, relative to the copy's root.
  std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

}  // namespace

Result<void> copy_tree(int from, int to) {
  return TreeCopy(to).directory(from, to, "", 0);
}

}  // namespace caisson::agent
