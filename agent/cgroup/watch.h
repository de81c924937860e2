// SPDX-License-Identifier: Apache-2.0
// Tells when an event file of a cgroup ("cgroup.events", "memory.events") has changed: the kernel's
// notification, never a poll. Used to wait for a frozen or empty cgroup, and for out-of-memory kills.
#pragma once

#include <functional>
#include <memory>

#include "agent/cgroup/cgroup.h"
#include "common/event_loop.h"

namespace caisson::agent {

class CgroupWatch {
 public:
  using Changed = std::function<void()>;
  static Result<std::unique_ptr<CgroupWatch>> create(EventLoop& loop, const Cgroup& cgroup,
                                                     const std::string& file, Changed changed);
  CgroupWatch(const CgroupWatch&) = delete;
  CgroupWatch& operator=(const CgroupWatch&) = delete;
  ~CgroupWatch() = default;

 private:
  explicit CgroupWatch(UniqueFd file) : file_(std::move(file)) {}
  // Re-arms the notification, which is level-triggered until the file is read.
  void acknowledge() const;

  UniqueFd file_;
  Watch watch_;
};

}  // namespace caisson::agent
