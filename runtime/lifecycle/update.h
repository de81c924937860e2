// SPDX-License-Identifier: Apache-2.0
// Sets new limits for a running container: inside its guest, which grows if they need more than it has, and
// for its cgroup on the host. Used by the verb update.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/lifecycle/update_resources.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

Result<void> update_container(const StateRoot& root, const std::string& id, const UpdateOptions& options);

// The CPU time that is in force once `resources` are applied.
[[nodiscard]] CpuTime cpu_time_after(const oci::Resources& resources, const CpuTime& in_force);

}  // namespace caisson::runtime
