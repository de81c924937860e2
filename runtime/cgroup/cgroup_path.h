// SPDX-License-Identifier: Apache-2.0
// The path of a container's cgroup, from the root of each hierarchy on. Pure, except that it follows links in
// the state directory's path.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::runtime {

// The cgroup of a container by linux.cgroupsPath, or by its id and its state directory's root: containers of
// two roots may have one id, and must not have one cgroup. Refuses a path with ".." in it.
Result<std::string> cgroup_path(const std::string& cgroups_path, const std::string& id,
                                const std::string& state_root);

}  // namespace caisson::runtime
