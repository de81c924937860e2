// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/bind.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "agent/ids/id_map.h"
#include "agent/mounts/adjust.h"
#include "agent/mounts/exports.h"
#include "agent/mounts/mount_fd.h"

namespace caisson::agent {
namespace {

Result<UniqueFd> copy_source(int exports, const v1::Mount& mount) {
  const bool recursive = (mount.flags() & MS_REC) != 0;
  if (mount.export_name().empty()) {
    return clone_mount(AT_FDCWD, mount.source(), recursive);
  }
  TRY(check_export_name(mount.export_name()));
  // Mounts beneath come into being as paths lead there, with the flags of the one above; those that shall
  // have none of these are there already (service/create_container).
  return clone_mount(exports, mount.export_name(), recursive || !mount.mounts_beneath().empty());
}

}  // namespace

Result<UniqueFd> make_bind(int exports, const v1::Mount& mount) {
  UniqueFd copy = TRY(copy_source(exports, mount));
  TRY(adjust_mount(mount, copy.get()));
  return copy;
}

Result<void> restrict_beneath(const v1::Mount& mount, int root) {
  for (int i = 0; i < std::min(mount.mounts_beneath_size(), mount.flags_beneath_size()); ++i) {
    // Options that are of every mount beneath have been obeyed.
    const uint64_t set = mount_attributes_of(mount.flags_beneath(i)) & ~mount.recursive_clear();
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const UniqueFd beneath(
        static_cast<int>(::syscall(SYS_openat2, root, mount.mounts_beneath(i).c_str(), &how, sizeof(how))));
    if (set == 0 || !beneath) {
      continue;
    }
    // One that is a file's, or has gone, is no mount here.
    if (auto changed = change_mount(beneath.get(), {.set = set, .clear = cleared_by(set)});
        !changed && changed.error().code != EINVAL) {
      return changed;
    }
  }
  return {};
}

Result<std::vector<UniqueFd>> make_binds_for(const v1::CreateContainerRequest& request,
                                             const std::string& exports) {
  std::vector<UniqueFd> binds(static_cast<size_t>(request.mounts_size()));
  const bool has_users = makes_namespace(request, CLONE_NEWUSER);
  UniqueFd directory;
  for (int i = 0; i < request.mounts_size(); ++i) {
    const v1::Mount& mount = request.mounts(i);
    if (!is_bind(mount) || mount.host_socket_port() != 0 ||
        !(maps_ids(mount) || (has_users && changes_locked_flags(mount)))) {
      continue;
    }
    if (!directory) {
      directory.reset(::open(exports.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!directory) {
        return fail_errno("open " + exports);
      }
    }
    binds.at(static_cast<size_t>(i)) =
        TRY_CONTEXT("mount " + mount.destination(), make_bind(directory.get(), mount));
  }
  return binds;
}

}  // namespace caisson::agent
