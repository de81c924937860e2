// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/state_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "runtime/state/container_id.h"

namespace caisson::runtime {
namespace {

// Whatever the umask of whoever called us is. No thread of ours makes files meanwhile.
int make_directory(const std::string& path, mode_t mode) {
  const mode_t umask = ::umask(0);
  const int made = ::mkdir(path.c_str(), mode);
  const int error = errno;
  ::umask(umask);
  errno = error;
  return made;
}

// The root is nobody's business; what leads to it is ordinary.
Result<void> make_root(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const bool is_last = path.find_first_not_of('/', std::min(end, path.size())) == std::string::npos;
    const std::string part = path.substr(0, end);
    if (make_directory(part, is_last ? 0700 : 0755) < 0 && errno != EEXIST) {
      return fail_errno("make state directory " + part);
    }
    if (is_last) {
      return {};
    }
  }
}

// We kill, execute and remove by what lies there: nobody else may have put it there. ENOENT when nothing is
// there. A directory of root's is everyone's to trust.
Result<void> check_trustworthy(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) {
    return fail_errno("look up state directory " + path);
  }
  const std::string refused = "refuse state directory " + path + ": ";
  if (S_ISLNK(info.st_mode)) {
    return fail(ELOOP, refused + "it is a symbolic link; give --root the directory that it leads to");
  }
  if (!S_ISDIR(info.st_mode)) {
    return fail(ENOTDIR, refused + "it is no directory; remove it, or give --root another");
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return fail(EPERM, refused + "it belongs to uid " + std::to_string(info.st_uid) +
                           ", who could have us do anything; give --root a directory of your own");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(EPERM, refused +
                           "others than its owner may write to it; look at what lies there, then chmod "
                           "go-w it, or give --root another");
  }
  return {};
}

tl::unexpected<Error> does_not_exist(std::string_view id) {
  return fail(ENOENT, "container \"" + std::string(id) + "\" does not exist");
}

}  // namespace

// Without what makes a symbolic link look like the directory that it leads to.
StateRoot::StateRoot(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && (path_.ends_with('/') || path_.ends_with("/."))) {
    path_.pop_back();
  }
}

Result<LockedContainer> StateRoot::lock_directory(ContainerDirectory directory, int how) const {
  const std::string lock_path = directory.file("lock");
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) {
    return fail_errno("open " + lock_path);
  }
  while (::flock(lock.get(), how) < 0) {
    if (errno != EINTR) {
      return fail_errno("lock " + lock_path);
    }
  }
  // While we waited, the holder may have removed the container, and somebody else made one by the same name.
  struct stat ours {};
  struct stat there {};
  if (::fstat(lock.get(), &ours) < 0 || ::stat(lock_path.c_str(), &there) < 0 ||
      ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
    return fail(ENOENT, "lock " + lock_path + ": the container has been deleted meanwhile");
  }
  return LockedContainer(std::move(directory), std::move(lock));
}

Result<LockedContainer> StateRoot::reserve(std::string_view id) const {
  TRY(check_id(id));
  TRY(make_root(path_));
  TRY(check_trustworthy(path_));
  ContainerDirectory directory(path_ + "/" + std::string(id));
  if (make_directory(directory.path(), 0700) < 0) {
    if (errno == EEXIST) {
      return fail(EEXIST, "container with given ID already exists: \"" + std::string(id) +
                              "\"; choose another or delete that one");
    }
    return fail_errno("make " + directory.path());
  }
  LockedContainer locked = TRY(lock_directory(std::move(directory), LOCK_EX));
  if (make_directory(locked.directory().output_directory(), 0700) < 0) {
    const int error = errno;
    (void)locked.directory().remove();
    return fail_errno("make " + locked.directory().output_directory(), error);
  }
  return locked;
}

Result<ContainerDirectory> StateRoot::find(std::string_view id) const {
  TRY(check_id(id));
  ContainerDirectory directory(path_ + "/" + std::string(id));
  for (const std::string& path : {path_, directory.path()}) {
    if (auto trusted = check_trustworthy(path); !trusted) {
      const int code = trusted.error().code;
      return code == ENOENT || (code == ENOTDIR && path != path_)
                 ? does_not_exist(id)
                 : tl::unexpected(std::move(trusted).error());
    }
  }
  return directory;
}

Result<LockedContainer> StateRoot::lock(std::string_view id) const {
  auto locked = lock_directory(TRY(find(id)), LOCK_EX);
  if (!locked && locked.error().code == ENOENT) {
    return does_not_exist(id);
  }
  return locked;
}

Result<LockedContainer> StateRoot::try_lock(std::string_view id) const {
  return lock_directory(TRY(find(id)), LOCK_EX | LOCK_NB);
}

Result<std::vector<std::string>> StateRoot::list() const {
  std::vector<std::string> ids;
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  if (auto trusted = check_trustworthy(path_); !trusted && trusted.error().code != ENOENT) {
    return tl::unexpected(std::move(trusted).error());
  }
  const std::unique_ptr<DIR, Close> root(::opendir(path_.c_str()));
  if (!root) {
    if (errno == ENOENT) {
      return ids;
    }
    return fail_errno("open state directory " + path_);
  }
  while (const dirent* entry = ::readdir(root.get())) {
    if (entry->d_type == DT_DIR && check_id(entry->d_name)) {
      ids.emplace_back(entry->d_name);
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string default_state_root() {
  const char* runtime = ::geteuid() == 0 ? nullptr : ::getenv("XDG_RUNTIME_DIR");
  return std::string(runtime != nullptr && runtime[0] == '/' ? runtime : "/run") + "/caisson";
}

}  // namespace caisson::runtime
