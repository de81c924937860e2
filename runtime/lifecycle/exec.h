// SPDX-License-Identifier: Apache-2.0
// Another process in a running container. This process becomes its relay (exec_relay.h). If detached, a child
// process does. Used by the verb exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/lifecycle/exec_process.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// runc's exit code of an exec that failed before its program ran, also because there is no such program.
inline constexpr int kExecFailed = 255;

struct ExecRequest {
  std::string container;
  ExecOptions process;
  std::string cgroup;  // beneath the container's
  std::string console_socket;
  std::string pid_file;
  std::string pidfd_socket;
  int64_t preserve_fds = 0;
  std::vector<int> descriptors;  // the caller's open ones
  bool detached = false;
  bool waits_while_paused = false;  // instead of refusing
};

// Returns the process's exit code. Detached: 0 as soon as the process runs.
Result<int> exec_in_container(const StateRoot& root, const ExecRequest& request);

// Whether a container takes another process. The error says in runc's words why not.
Result<void> check_takes_process(Status status);
// Whether the guest can have the cgroup by this name.
Result<void> check_exec_cgroup(const std::string& cgroup);
// The agent's name of a process, from a random number. It is never the name of a container's first process.
[[nodiscard]] uint64_t token_of(uint64_t drawn);

}  // namespace caisson::runtime
