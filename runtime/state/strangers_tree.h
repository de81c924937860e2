// SPDX-License-Identifier: Apache-2.0
// Takes away a directory that a stranger has filled, and who fills it no more: caisson-vmm's outputs. However
// deep and wide it is, it costs two descriptors and no stack. Called by ContainerDirectory::remove().
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::runtime {

// Fine when it is not there. No link is followed, neither in it nor as it.
Result<void> remove_strangers_tree(const std::string& path);

}  // namespace caisson::runtime
