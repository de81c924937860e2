// SPDX-License-Identifier: Apache-2.0
// What cgroup v2 asks for before a cgroup has limits: its controllers enabled above it, and a type that
// processes can join. [cgroup-v2] "Enabling and Disabling", "No Internal Process Constraint", "Threads".
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/limits.h"

namespace caisson::runtime {

// Enables for the children of `parent` the controllers that the writes need. EBUSY, with the remedy, if
// processes in `parent` itself prevent that. Also enables every other controller that can be enabled.
Result<void> enable_controllers(const std::string& parent, const std::vector<CgroupWrite>& writes);

// A new cgroup beneath one that has both processes and controllers takes processes only when it is threaded
// too.
Result<void> make_joinable(const std::string& directory);

}  // namespace caisson::runtime
