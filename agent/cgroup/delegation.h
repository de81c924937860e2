// SPDX-License-Identifier: Apache-2.0
// Whose a container's cgroup is: its user's, where the container is to manage cgroups of its own. Used by
// service/create_container.
#pragma once

#include "agent/cgroup/cgroup.h"
#include "common/result.h"

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

// Gives the cgroup, and those of its files that the kernel names for it, to the user of the first process: if
// the container has a cgroup namespace of its own and sees the hierarchy writable. Does nothing otherwise.
Result<void> delegate_cgroup(const Cgroup& cgroup, const v1::CreateContainerRequest& request);

}  // namespace caisson::agent
