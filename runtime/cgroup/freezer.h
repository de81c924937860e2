// SPDX-License-Identifier: Apache-2.0
// The freezer of cgroup v1. Not even SIGKILL ends a process in it, while the freezer of v2 lets killed
// processes go.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime {

// Takes a process with its children out of a frozen cgroup to the root of that hierarchy; others in it stay
// frozen. The first process of a pid namespace, such as caisson-vmm, ends only after all other processes of
// that namespace. Does nothing if the process is in no frozen cgroup.
Result<void> leave_frozen_cgroup(pid_t pid);

// The freezer's path in the text of /proc/<pid>/cgroup; empty when there is none.
std::string freezer_path(std::string_view proc_cgroup);

}  // namespace caisson::runtime
