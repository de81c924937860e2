// SPDX-License-Identifier: Apache-2.0
// Stops and continues every process of a container by its cgroup's freezer.
#pragma once

#include <functional>

#include "common/result.h"

namespace caisson::agent {

class Agent;
struct Container;

// Calls `done` when the kernel reports the new state, at once if it holds already. The `done` of an earlier
// change that is still under way is not called any more. EOPNOTSUPP without cgroups.
Result<void> set_frozen(Agent& agent, Container& container, bool frozen, std::function<void()> done);

}  // namespace caisson::agent
