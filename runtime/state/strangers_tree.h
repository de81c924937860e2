// SPDX-License-Identifier: Apache-2.0
// Removes a directory that a stranger has filled and does not fill any more: the outputs of caisson-vmm.
// However deep and wide the directory is, the removal costs two descriptors and no stack. Called by
// ContainerDirectory::remove().
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::runtime {

// A directory that is not there is no error. No link is followed, neither in the directory nor in its place.
Result<void> remove_strangers_tree(const std::string& path);

}  // namespace caisson::runtime
