// SPDX-License-Identifier: Apache-2.0
// The files of /proc/<pid>, rewritten as a container sees them: pids as its process namespace counts, ids as
// its user namespace does. The text is the kernel's; the name in it is the container's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::agent {

// One line of /proc/<pid>/uid_map as the agent reads it.
struct IdRange {
  uint32_t inside = 0;
  uint32_t outside = 0;
  uint32_t count = 0;
};

// The namespaces through which the container sees numbers.
struct Viewpoint {
  size_t level = 0;                  // how deep its process namespace lies beneath the agent's
  std::function<pid_t(pid_t)> seen;  // the agent's number of a process as that namespace counts; 0: not in it
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;
};

struct ProcFiles {
  std::string stat;
  std::string status;
  std::string cmdline;
};

// EPROTO for a text that the kernel does not write.
Result<std::vector<IdRange>> parse_id_map(std::string_view text);
// How many numbers the NSpid line has. 0: no such line.
[[nodiscard]] size_t namespaces_in(std::string_view status);
// EPROTO for what the kernel does not write, ESRCH when the process is not in the container's namespace.
Result<void> translate(ProcFiles& files, const Viewpoint& from);

}  // namespace caisson::agent
