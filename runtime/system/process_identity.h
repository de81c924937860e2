// SPDX-License-Identifier: Apache-2.0
// A process of the host that is never mistaken for another: its pid together with its start time, and signals
// through a pidfd. Used for caisson-vmm and the relays of exec'd processes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_time = 0;  // clock ticks since boot: field 22 of /proc/<pid>/stat

  static Result<ProcessIdentity> of(pid_t pid);
  bool operator==(const ProcessIdentity&) const = default;
  // A zombie counts as dead: it runs nothing and only waits for its parent.
  [[nodiscard]] bool is_alive() const;
};

// The inode of this process's pid namespace. 0 if it cannot be read.
[[nodiscard]] uint64_t own_pid_namespace();

// A pidfd of exactly that process; ESRCH when it has gone.
Result<UniqueFd> open_process(const ProcessIdentity& process);

// ESRCH when it has gone.
Result<void> send_signal(const UniqueFd& process, int signal);

// Waits until the process has ended. Returns false at the deadline. The process need not be a child.
Result<bool> wait_for_end(const UniqueFd& process, std::chrono::steady_clock::time_point deadline);

}  // namespace caisson::runtime
