// SPDX-License-Identifier: Apache-2.0
// How engines learn of an OOM kill inside the guest. They watch the container's cgroup on the host, where the
// host's kernel must count a kill. So the last act of caisson-vmm, when the machine is gone and everything is
// written, is to take its cgroup's memory away. The kernel then kills it
// (docs/decisions/0005-oom-kill-on-the-host.md).
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
    UniqueFd control;  // v1 only, so it tells v1 from v2: memory.oom_control
    UniqueFd usage;    // v1 only: memory.usage_in_bytes
    UniqueFd score;    // /proc/self/oom_score_adj
  };

  // Call it before the jail is closed. `cgroup` is a directory that was made for this container alone,
  // because it is of no use afterwards. ENOTSUP if `cgroup` is empty: the container has none.
  static Result<HostOomKill> open(const std::string& cgroup);

  explicit HostOomKill(Files files) : files_(std::move(files)) {}

  // Ends this process by SIGKILL, as an OOM kill that its cgroup counts. Returns only if that did not happen,
  // with the reason. The cgroup then has its limit again.
  [[nodiscard]] Error die() const;

 private:
  [[nodiscard]] Result<void> check_alone() const;
  [[nodiscard]] Result<void> become_killable() const;
  [[nodiscard]] Result<void> exhaust() const;

  Files files_;
};

}  // namespace caisson::vmm
