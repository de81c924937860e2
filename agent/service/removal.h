// SPDX-License-Identifier: Apache-2.0
// Taking a container away: kill, wait for the kernel to have collected all of it, then remove cgroup and
// directory. Used by DeleteContainer and by a CreateContainer that failed. No poll: the reaper and
// cgroup.events tell.
#pragma once

#include <functional>

namespace caisson::agent {

class Agent;
struct Container;

// Calls `gone` once nothing is left of the container; it can be found by its id until then.
void remove_container(Agent& agent, Container& container, std::function<void()> gone);

// For who saw one of its processes end: goes on with a removal under way.
void continue_removal(Agent& agent, Container& container);

}  // namespace caisson::agent
