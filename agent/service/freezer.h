// SPDX-License-Identifier: Apache-2.0
// Stops and continues every process of a container by its cgroup's freezer.
#pragma once

#include <functional>

#include "common/result.h"

namespace caisson::agent {

class Agent;
struct Container;

// Calls `done` when the kernel says that it is so, at once where it is so already. Of a change under way
// before, `done` is not called any more. EOPNOTSUPP without cgroups.
Result<void> set_frozen(Agent& agent, Container& container, bool frozen, std::function<void()> done);

}  // namespace caisson::agent
