// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/adjust.h"

#include <sys/mount.h>

#include "agent/ids/user_namespace.h"
#include "agent/mounts/mount_fd.h"

namespace caisson::agent {
namespace {

// "atime", "relatime" and "nostrictatime" leave the kernel's default, for which no bit is set;
// mount_setattr(2) takes only the whole field away.
uint64_t cleared_by_access_times(const v1::Mount& mount) {
  const bool is_named = (mount.flags() & MS_RELATIME) != 0 ||
                        (mount.flags_cleared() & uint64_t{MS_NOATIME | MS_STRICTATIME}) != 0;
  return is_named ? uint64_t{MOUNT_ATTR__ATIME} : 0;
}

// A new file system was mounted with its own.
MountAttributes own_attributes(const v1::Mount& mount) {
  if (!is_bind(mount)) {
    return {};
  }
  const uint64_t set = mount_attributes_of(mount.flags());
  return {
      .set = set,
      .clear = mount_attributes_of(mount.flags_cleared()) | cleared_by(set) | cleared_by_access_times(mount)};
}

MountAttributes attributes_beneath(const v1::Mount& mount) {
  return {.set = mount.recursive_set(),
          .clear = mount.recursive_clear() | cleared_by(mount.recursive_set()),
          .recursive = true};
}

Result<void> map_ids(const v1::Mount& mount, int detached) {
  const UniqueFd ids = TRY(make_user_namespace(id_maps_of(mount.uid_mappings(), mount.gid_mappings())));
  return change_mount(
      detached, {.set = MOUNT_ATTR_IDMAP, .user_namespace = ids.get(), .recursive = mount.map_beneath()});
}

}  // namespace

bool is_bind(const v1::Mount& mount) {
  return !mount.export_name().empty() || mount.type() == "bind";
}

Result<void> adjust_mount(const v1::Mount& mount, int detached) {
  for (const MountAttributes& attributes : {own_attributes(mount), attributes_beneath(mount)}) {
    if ((attributes.set | attributes.clear) != 0) {
      TRY(change_mount(detached, attributes));
    }
  }
  for (const uint64_t propagation : mount.propagation()) {
    TRY(change_mount(detached, {.propagation = propagation & ~uint64_t{MS_REC},
                                .recursive = (propagation & MS_REC) != 0}));
  }
  if (maps_ids(mount)) {
    TRY_CONTEXT("map ids", map_ids(mount, detached));
  }
  return {};
}

bool maps_ids(const v1::Mount& mount) {
  return mount.uid_mappings_size() > 0 || mount.gid_mappings_size() > 0;
}

bool changes_locked_flags(const v1::Mount& mount) {
  constexpr uint64_t kAccessTimes = MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME;
  const MountAttributes own = own_attributes(mount);
  const MountAttributes beneath = attributes_beneath(mount);
  return (own.clear | beneath.clear) != 0 || ((own.set | beneath.set) & kAccessTimes) != 0;
}

}  // namespace caisson::agent
