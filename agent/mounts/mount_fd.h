// SPDX-License-Identifier: Apache-2.0
// Mounts as descriptors: made detached, adjusted while nobody can reach them, then attached to a target that
// is a descriptor too. No path is looked up twice, so no symlink can be swapped in between.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

struct NewFilesystem {
  std::string type;
  std::string source;
  std::string data;    // comma-separated, for the file system
  uint64_t flags = 0;  // MS_*
};

// A new instance, mounted nowhere. The descriptor serves *at() calls as a directory.
Result<UniqueFd> new_filesystem(const NewFilesystem& wanted);

// A private copy of the mount at `directory`/`path` (the mount `directory` itself is on when path is empty).
Result<UniqueFd> clone_mount(int directory, const std::string& path, bool recursive);

struct MountAttributes {
  uint64_t set = 0;  // MOUNT_ATTR_*
  uint64_t clear = 0;
  uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: unchanged
  int user_namespace = -1;   // with MOUNT_ATTR_IDMAP
  bool recursive = false;
};
Result<void> change_mount(int mount, const MountAttributes& attributes);

// Puts the detached mount on `target`, an O_PATH descriptor of a directory or, for a file, a file.
Result<void> attach_mount(const UniqueFd& mount, int target);

// MS_RDONLY, MS_NOSUID, … as MOUNT_ATTR_*; bits of the file system itself are left out.
uint64_t mount_attributes_of(uint64_t flags);
// What must be cleared for `set` to take effect: the access time bits are a field, not flags.
uint64_t cleared_by(uint64_t set);

}  // namespace caisson::agent
