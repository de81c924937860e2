// SPDX-License-Identifier: Apache-2.0
#include "common/tree_layout.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson {
namespace {

// glibc 2.36 has wrappers for these, in a header that clashes with linux/mount.h.
int move_mount(int tree, int directory, const char* path) {
  constexpr unsigned kFlags = MOVE_MOUNT_F_EMPTY_PATH;
  const unsigned flags = *path == '\0' ? kFlags | MOVE_MOUNT_T_EMPTY_PATH : kFlags;
  return static_cast<int>(::syscall(SYS_move_mount, tree, "", directory, path, flags));
}

UniqueFd open_inside(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

// As the kernel knows it: the tree may be one of FUSE whose server does not run yet, which would be waited
// for.
bool is_directory(int fd) {
  struct statx info {};
  return ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &info) == 0 &&
         S_ISDIR(info.stx_mode);
}

}  // namespace

Result<UniqueFd> empty_tree(const std::string& file) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return fail_errno("make an empty file system");
  }
  UniqueFd tree(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                                           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)));
  if (!tree ||
      (!file.empty() && !UniqueFd(::openat(tree.get(), file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0)))) {
    return fail_errno("fill an empty file system");
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0) {
    return fail_errno("make an empty file system read-only");
  }
  return tree;
}

Result<void> lay_out_trees(const std::vector<PlacedTree>& trees, const std::string& at) {
  if (trees.empty()) {
    return {};
  }
  const int root = trees.front().tree.get();
  if (move_mount(root, AT_FDCWD, at.c_str()) < 0) {
    return fail_errno("mount root file system for the host to see");
  }
  for (auto placed = trees.begin() + 1; placed != trees.end(); ++placed) {
    const UniqueFd place = open_inside(root, placed->destination);
    if (!place) {
      continue;
    }
    const UniqueFd empty = placed->tree ? UniqueFd() : TRY(empty_tree());
    const int tree = placed->tree ? placed->tree.get() : empty.get();
    if (move_mount(tree, place.get(), "") == 0) {
      continue;
    }
    // A file where a directory should be, or the reverse: the guest's agent names it.
    const int error = errno;
    if (error != EINVAL || is_directory(tree) == is_directory(place.get())) {
      return fail_errno("mount " + placed->destination + " for the host to see", error);
    }
  }
  return {};
}

}  // namespace caisson
