// SPDX-License-Identifier: Apache-2.0
// A cgroup with all beneath it. Programs of the host make cgroups beneath a container's (systemd in a
// delegated one, monitors, an administrator); they go with it, as in runc.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::runtime {

// Kills what runs in it and beneath it, waits for its end and removes it, from the leaves up. A cgroup that
// has gone is no error. Processes and cgroups that appear there meanwhile are killed and removed too.
Result<void> remove_cgroup_tree(const std::string& directory);

}  // namespace caisson::runtime
