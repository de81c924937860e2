// SPDX-License-Identifier: Apache-2.0
// Copies what a directory holds into a fresh tmpfs (mount option "tmpcopyup"): files, directories, symlinks,
// nodes, with owner, mode, set-ID bits, extended attributes (so access control lists and capabilities), times
// and hard links. Source and target are descriptors; no symlink is followed.
#pragma once

#include "common/result.h"

namespace caisson::agent {

Result<void> copy_tree(int from, int to);

}  // namespace caisson::agent
