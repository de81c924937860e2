// SPDX-License-Identifier: Apache-2.0
// Statistics of a container as its guest counts them, once or at an interval. Used by the verb events.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/result.h"
#include "runtime/lifecycle/cgroup_files.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// The directory of a container that has not ended. ESRCH if it has.
Result<ContainerDirectory> find_running(const StateRoot& root, const std::string& id);

Result<CgroupFiles> statistics_of(const ContainerDirectory& directory);
// Prints statistics at the caller's interval until the container ends. It waits for that end and does not
// poll for it.
Result<void> follow_statistics(const ContainerDirectory& directory, std::chrono::milliseconds interval,
                               const std::function<void(const CgroupFiles&)>& see);

}  // namespace caisson::runtime
