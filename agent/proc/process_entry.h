// SPDX-License-Identifier: Apache-2.0
// What /proc tells of one process of the guest. Its name and command line are the container's bytes.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::agent {

struct ProcEntry {
  char state = '?';
  pid_t ppid = 0;
  uint32_t uid = 0;
  std::string tty;             // "?" without one
  uint64_t start_time_ns = 0;  // since boot
  uint64_t cpu_time_ns = 0;
  std::string command;
};

// ESRCH when it has ended meanwhile.
Result<ProcEntry> read_proc_entry(pid_t pid);

// The fields of /proc/<pid>/stat that the agent uses. The name in it may hold spaces, brackets and newlines.
Result<ProcEntry> parse_proc_stat(std::string_view text, uint64_t ticks_per_second);

}  // namespace caisson::agent
