// SPDX-License-Identifier: Apache-2.0
// A user id of the host that no other living sandbox has. What keeps it is a lock of the kernel's on one byte
// of a file: it is gone when the last process that inherited it is, however that ended. No daemon, nothing to
// sweep. QemuMachine claims one and lets QEMU inherit the lock.
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

  // Any id of `range` that is free. Fails when none is, or when the host gives one of them to somebody.
  static Result<SandboxUser> claim(const UserRange& range, const Places& places);

  // The user's, and the group's of the same number.
  [[nodiscard]] uid_t id() const { return id_; }
  // Whose open file description has the lock.
  [[nodiscard]] int lock() const { return lock_.get(); }

 private:
  SandboxUser(uid_t id, UniqueFd lock) : id_(id), lock_(std::move(lock)) {}

  uid_t id_;
  UniqueFd lock_;
};

}  // namespace caisson::vmm
