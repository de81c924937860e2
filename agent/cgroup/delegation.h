// SPDX-License-Identifier: Apache-2.0
// The owner of a container's cgroup: the container's user, if the container is to manage cgroups of its own.
// Used by service/create_container.
#pragma once

#include "agent/cgroup/cgroup.h"
#include "common/result.h"

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

// Gives the cgroup, and the files in it that the kernel lists for delegation, to the user of the first
// process. Does so only if the container has a cgroup namespace of its own and sees the hierarchy writable.
Result<void> delegate_cgroup(const Cgroup& cgroup, const v1::CreateContainerRequest& request);

}  // namespace caisson::agent
