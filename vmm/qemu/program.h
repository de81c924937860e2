// SPDX-License-Identifier: Apache-2.0
// The path of QEMU's program, found once, when a machine is made.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::vmm {

// `name` itself if it is a path, else the first of that name in $PATH that may be executed. ENOENT when there
// is none.
[[nodiscard]] Result<std::string> find_program(const std::string& name);

}  // namespace caisson::vmm
