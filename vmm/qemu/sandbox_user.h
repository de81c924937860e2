// SPDX-License-Identifier: Apache-2.0
// A user id of the host that no other living sandbox has. A lock of the kernel's on one byte of a file keeps
// the id. The lock goes with the last process that inherited it, however that process ended. No daemon is
// needed, and there is nothing to sweep. QemuMachine claims one and lets QEMU inherit the lock.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "common/user_range.h"

namespace caisson::vmm {

class SandboxUser {
 public:
  struct Places {
    std::string locks = "/run/caisson.users";  // made when missing; root's alone
    std::string etc = "/etc";                  // passwd, group, subuid, subgid
  };

  // Claims a free id of `range`. Fails if none is free, or if the host gives one of the range to somebody.
  static Result<SandboxUser> claim(const UserRange& range, const Places& places);

  // The user's, and the group's of the same number.
  [[nodiscard]] uid_t id() const { return id_; }
  // The descriptor whose open file description has the lock.
  [[nodiscard]] int lock() const { return lock_.get(); }

 private:
  SandboxUser(uid_t id, UniqueFd lock) : id_(id), lock_(std::move(lock)) {}

  uid_t id_;
  UniqueFd lock_;
};

}  // namespace caisson::vmm
