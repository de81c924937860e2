// SPDX-License-Identifier: Apache-2.0
// Makes the child process of a ChildSpec. Called by process/process.cpp.
#pragma once

#include <sys/types.h>

#include "agent/child/child_spec.h"
#include "agent/child/control.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

struct Cloned {
  pid_t pid = -1;  // in the agent's process namespace
  UniqueFd pidfd;
};

// `kinds`: CLONE_NEW* to make with the child. The agent must have one thread. In the child this never
// returns.
Result<Cloned> clone_child(const ChildSpec& plan, uint64_t kinds, Control& child_end);

}  // namespace caisson::agent
