// SPDX-License-Identifier: Apache-2.0
// config.json "maskedPaths" and "readonlyPaths". Paths that do not exist are skipped, as the specification's
// users expect.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "agent/child/child.h"
#include "agent/mounts/mount_fd.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

bool is_absent(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

// Nothing can be read from, or written to, what lies on top afterwards; nor can the guest's own /dev/null be
// changed (its mode, its owner) through a mask of it, which is why the mount is read-only.
Result<void> mask_file(int target) {
  const UniqueFd cover = TRY(clone_mount(AT_FDCWD, "/dev/null", false));
  TRY(change_mount(cover.get(), {.set = MOUNT_ATTR_RDONLY}));
  return attach_mount(cover, target);
}

// As runc since 1.3: one file system of nothing lies on all of them, however many there are. `first` is its
// first mount.
Result<void> mask_directory(int target, UniqueFd& first) {
  UniqueFd cover =
      first ? TRY(clone_mount(first.get(), "", false))
            : TRY(new_filesystem({.type = "tmpfs", .source = "tmpfs", .data = "", .flags = MS_RDONLY}));
  TRY(change_mount(cover.get(), {.set = MOUNT_ATTR_RDONLY}));
  TRY(attach_mount(cover, target));
  if (!first) {
    first = std::move(cover);
  }
  return {};
}

Result<void> cover_read_only(int target) {
  const UniqueFd cover = TRY(clone_mount(target, "", true));
  TRY(change_mount(cover.get(), {.set = MOUNT_ATTR_RDONLY}));
  return attach_mount(cover, target);
}

template <typename Paths, typename Act>
Result<void> for_each_present(const Child& child, const Paths& paths, const char* what, const Act& act) {
  for (const std::string& path : paths) {
    const auto target = resolve_in_root(child.root.get(), path);
    if (target) {
      TRY_CONTEXT(what + path, act(target->get()));
    } else if (!is_absent(target.error())) {
      return tl::unexpected(with_context(what + path, target.error()));
    }
  }
  return {};
}

}  // namespace

Result<void> mask_paths(Child& child) {
  UniqueFd first;
  const auto mask = [&first](int target) -> Result<void> {
    struct stat info {};
    if (::fstat(target, &info) < 0) {
      return fail_errno("look at it");
    }
    return S_ISDIR(info.st_mode) ? mask_directory(target, first) : mask_file(target);
  };
  return for_each_present(child, child.plan.container->masked_paths(), "mask path ", mask);
}

Result<void> make_paths_readonly(Child& child) {
  return for_each_present(child, child.plan.container->readonly_paths(), "make path read-only ",
                          cover_read_only);
}

}  // namespace caisson::agent
