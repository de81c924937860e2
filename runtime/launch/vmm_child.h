// SPDX-License-Identifier: Apache-2.0
// What the new process does between fork() and execve() before it becomes caisson-vmm. It makes system calls
// only. Used by VmmProcess.
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

// Joins, places descriptors and executes. A failure is reported on the status socket, as by caisson-vmm
// itself.
[[noreturn]] void run_vmm_child(const VmmChild& child);

// Makes each descriptor n a copy of sources[n], and marks all above to be closed by execve(). Returns false,
// with errno, if it fails.
bool place_descriptors(const std::vector<int>& sources);

// The variables of `environment` (caisson's) by which caisson-vmm finds programs and is configured. They hold
// nothing worth stealing.
[[nodiscard]] std::vector<std::string> vmm_environment(const char* const* environment);

}  // namespace caisson::runtime
