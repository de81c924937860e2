// SPDX-License-Identifier: Apache-2.0
// Looks a path up inside a root, as if one had chrooted there, without ever leaving it: every component is
// opened by itself, symlinks are read and walked by us, ".." stops at the root. What a hostile file system
// swaps meanwhile can make the walk fail or end elsewhere inside. Used by the agent for all of a container's
// paths, and by the runtime for the mount points it makes in a root file system on the host. [oci] config.md
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
  bool made = false;  // it was missing, and is ours
};

// What is made is made as it stays: with the umask and the file system ids of the caller, and never touched
// by its name again.
Result<ResolvedPlace> resolve_place_in_root(int root, std::string_view path, Missing missing,
                                            LastLink last = LastLink::follow);

// An O_PATH descriptor of what `path` names inside `root`. Dangling symlinks are made real when `missing`
// says so.
Result<UniqueFd> resolve_in_root(int root, std::string_view path, Missing missing = Missing::refuse,
                                 LastLink last = LastLink::follow);

}  // namespace caisson
