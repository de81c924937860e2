// SPDX-License-Identifier: Apache-2.0
// Bind mounts before they are attached: copies of their sources, adjusted.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {

// `exports` is the directory of the host's exports, in the caller's own mount namespace.
Result<UniqueFd> make_bind(int exports, const v1::Mount& mount);

// Applies what the host forbids on mounts beneath the source. Call it once `mount` is attached: the kernel
// changes no part of a detached tree. `root` is the mount's.
Result<void> restrict_beneath(const v1::Mount& mount, int root);

// The bind mounts that the container's first process does not make itself: it lives in a user namespace, or a
// mount maps ids, which takes another process. One for each mount, in order; invalid for the others. Called
// by the agent.
Result<std::vector<UniqueFd>> make_binds_for(const v1::CreateContainerRequest& request,
                                             const std::string& exports);

}  // namespace caisson::agent
