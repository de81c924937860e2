// SPDX-License-Identifier: Apache-2.0
// Taking a container away: kill, wait for the kernel to have collected all of it, then remove cgroup and
// directory. Used by DeleteContainer and by a CreateContainer that failed. It does not poll: the reaper and
// cgroup.events notify it.
#pragma once

#include <functional>

namespace caisson::agent {

class Agent;
struct Container;

// Calls `gone` once nothing is left of the container; it can be found by its id until then.
void remove_container(Agent& agent, Container& container, std::function<void()> gone);

// Call it when one of the container's processes has ended: goes on with a removal under way.
void continue_removal(Agent& agent, Container& container);

}  // namespace caisson::agent
