// SPDX-License-Identifier: Apache-2.0
// A symbolic link at a path of a container (common/resolve_in_root.h): by the runtime in a root file system
// on the host, by the agent in what is mounted over it.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson {

// Makes it, and the directories above it. One that is there and leads to the same is kept; whatever else is
// there is refused with EEXIST.
Result<void> make_link_in_root(int root, const std::string& path, const std::string& target);

// What the symbolic link at `path`, or that an O_PATH descriptor is of where that is empty, leads to; EINVAL
// for other files.
Result<std::string> read_link_at(int directory, const std::string& path);

}  // namespace caisson
