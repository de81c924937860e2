// SPDX-License-Identifier: Apache-2.0
// A symbolic link at a path of a container (common/resolve_in_root.h). The runtime makes it in a root file
// system on the host, the agent in a mount over that.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson {

// Makes the link, and the directories above it. An existing link to the same target is kept. Anything else in
// its place is refused with EEXIST.
Result<void> make_link_in_root(int root, const std::string& path, const std::string& target);

// The target of the symbolic link at `path`, or with an empty `path` of the link that the O_PATH descriptor
// names. EINVAL for other files.
Result<std::string> read_link_at(int directory, const std::string& path);

}  // namespace caisson
