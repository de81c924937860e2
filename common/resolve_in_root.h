// SPDX-License-Identifier: Apache-2.0
// Looks a path up inside a root, as if after chroot(2), without ever leaving it. Every component is opened by
// itself, symlinks are read and walked here, and ".." stops at the root. If a hostile file system swaps names
// meanwhile, the walk can fail, or end elsewhere inside. Used by the agent for all of a container's paths,
// and by the runtime for the mount points it makes in a root file system on the host. [oci] config.md
// "mounts": CVE-2021-30465 and its kin.
#pragma once

#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

enum class Missing {
  refuse,          // ENOENT
  make_directory,  // make it and its parents, mode 0755
  make_file,       // make an empty file, and directories above it
};

enum class LastLink { follow, keep };

struct ResolvedPlace {
  UniqueFd fd;        // O_PATH
  bool made = false;  // it was missing, and was made here
};

// Missing files are made in their final form: with the umask and the file system ids of the caller. They are
// never touched by their names again.
Result<ResolvedPlace> resolve_place_in_root(int root, std::string_view path, Missing missing,
                                            LastLink last = LastLink::follow);

// Returns an O_PATH descriptor of the file that `path` names inside `root`. If `missing` says so, the target
// of a dangling symlink is made.
Result<UniqueFd> resolve_in_root(int root, std::string_view path, Missing missing = Missing::refuse,
                                 LastLink last = LastLink::follow);

}  // namespace caisson
