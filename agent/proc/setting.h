// SPDX-License-Identifier: Apache-2.0
// Settings of a process that the agent writes from outside, in the guest's /proc.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/result.h"

namespace caisson::agent {

// /proc/<pid>/<name>; the caller has not reaped `pid` yet.
Result<void> write_proc_setting(pid_t pid, const char* name, const std::string& value);

}  // namespace caisson::agent
