// SPDX-License-Identifier: Apache-2.0
// The files of one cgroup's limits, written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/limits.h"

namespace caisson::runtime {

// Those of `controller`; empty: all of them. Errors name the field that asks for it.
Result<void> write_limits(const std::string& directory, const std::vector<CgroupWrite>& writes,
                          std::string_view controller);

}  // namespace caisson::runtime
