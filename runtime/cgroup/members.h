// SPDX-License-Identifier: Apache-2.0
// The processes of a cgroup.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"

namespace caisson::runtime {

// Empty also if the cgroup has gone. For a threaded cgroup: the processes that have a thread in it.
[[nodiscard]] std::vector<pid_t> processes_of(const std::string& directory);

// Kills every process of a cgroup and waits until each has gone. ETIMEDOUT when one does not go within 10 s.
Result<void> empty_cgroup(const std::string& directory);

}  // namespace caisson::runtime
