// SPDX-License-Identifier: Apache-2.0
// Between fork() and execve(): what the process does that becomes caisson-vmm. It makes system calls only.
// Used by VmmProcess.
#pragma once

#include <string>
#include <vector>

namespace caisson::runtime {

// What it needs, gathered before fork().
struct VmmChild {
  const char* program;
  char* const* arguments;
  char* const* environment;
  std::vector<int> sources;  // descriptor n of the child is a copy of sources[n]
  const std::vector<int>* cgroup_members;
  int network_namespace;
  bool controlling_terminal;
  int status;  // the child's own end, to report a failure on
};

// Joins, places descriptors and executes; what fails is said on the status socket, as caisson-vmm itself
// would.
[[noreturn]] void run_vmm_child(const VmmChild& child);

// Makes descriptor n a copy of sources[n] for each of them, and marks all above to be closed by execve().
// Whether it could; errno tells why not.
bool place_descriptors(const std::vector<int>& sources);

// Of `environment`, ours, what finds programs and what configures it: it holds nothing worth stealing.
[[nodiscard]] std::vector<std::string> vmm_environment(const char* const* environment);

}  // namespace caisson::runtime
