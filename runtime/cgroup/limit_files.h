// SPDX-License-Identifier: Apache-2.0
// Writes the files of one cgroup's limits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/limits.h"

namespace caisson::runtime {

// The limits of `controller`. Empty: all limits. Errors name the field that asks for it.
Result<void> write_limits(const std::string& directory, const std::vector<CgroupWrite>& writes,
                          std::string_view controller);

}  // namespace caisson::runtime
