// SPDX-License-Identifier: Apache-2.0
// How engines learn of an OOM kill inside the guest: they watch the container's cgroup of the host, and there
// the host's kernel must count it. So caisson-vmm's last act, when the machine is gone and everything is
// written, is to take its cgroup's memory away, upon which the kernel kills it: docs/decisions/0005. Used by
// vmm/main.
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class HostOomKill {
 public:
  // All of the container's own memory cgroup but `score`.
  struct Files {
    UniqueFd members;  // cgroup.procs
    UniqueFd limit;    // memory.max; v1: memory.limit_in_bytes
    UniqueFd swap;     // memory.swap.max; v1: memory.swappiness. None where the host cannot swap
    UniqueFd control;  // v1 only, and tells it apart: memory.oom_control
    UniqueFd usage;    // v1 only: memory.usage_in_bytes
    UniqueFd score;    // /proc/self/oom_score_adj
  };

  // Before the jail is closed. `cgroup` is a directory made for this container alone: it is of no use
  // afterwards. ENOTSUP when it is empty, the container having none.
  static Result<HostOomKill> open(const std::string& cgroup);

  explicit HostOomKill(Files files) : files_(std::move(files)) {}

  // Ends this process by SIGKILL, with an OOM kill to its cgroup's account. Returns only when that was not to
  // be, and why; the cgroup has its limit again then.
  [[nodiscard]] Error die() const;

 private:
  [[nodiscard]] Result<void> check_alone() const;
  [[nodiscard]] Result<void> become_killable() const;
  [[nodiscard]] Result<void> exhaust() const;

  Files files_;
};

}  // namespace caisson::vmm
