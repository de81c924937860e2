// SPDX-License-Identifier: Apache-2.0
// Detached mounts laid out as one tree in the caller's mount namespace: the first over a directory, the
// others at their places inside the first. Used by the jail of caisson-vmm for the host's view of a
// container, and by the runtime for hooks that need a container's files.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

struct PlacedTree {
  std::string destination;
  UniqueFd tree;  // a mount in no namespace; none: empty and read-only
};

// An empty, read-only file system in no namespace, but for the file (of mode 0) when it has a name.
Result<UniqueFd> empty_tree(const std::string& file = {});

// `at` is the place of the first. Links and ".." on the way to a place are walked inside the first tree. A
// mount whose place is missing, or of the wrong kind, is left out.
Result<void> lay_out_trees(const std::vector<PlacedTree>& trees, const std::string& at);

}  // namespace caisson
