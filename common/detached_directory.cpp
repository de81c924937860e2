// SPDX-License-Identifier: Apache-2.0
#include "common/detached_directory.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

namespace caisson {

Result<UniqueFd> open_detached_directory(const std::string& path, uint64_t attributes) {
  UniqueFd directory(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  struct stat info {};
  if (!directory || ::fstat(directory.get(), &info) < 0) {
    return fail_errno("open " + path);
  }
  if (!S_ISDIR(info.st_mode)) {
    return fail_errno("open " + path, ENOTDIR);
  }
  mount_attr wanted{};
  wanted.attr_set = attributes;
  wanted.propagation = MS_PRIVATE;
  if (::mount_setattr(directory.get(), "", AT_EMPTY_PATH, &wanted, sizeof(wanted)) < 0) {
    return fail_errno("detach " + path);
  }
  return directory;
}

}  // namespace caisson
