// SPDX-License-Identifier: Apache-2.0
// Copies what a directory holds into a fresh tmpfs (mount option "tmpcopyup"): files, directories, symlinks,
// with owner and mode. Source and target are descriptors; no symlink is followed.
#pragma once

#include "common/result.h"

namespace caisson::agent {

Result<void> copy_tree(int from, int to);

}  // namespace caisson::agent
