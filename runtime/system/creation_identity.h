// SPDX-License-Identifier: Apache-2.0
// The owner of the files that this thread makes. If others may write to the directory, a chown after the
// creation may hit another file. So a file must be made with its final owner.
#pragma once

#include <sys/types.h>

#include <optional>

#include "common/result.h"

namespace caisson::runtime {

class CreationIdentity {
 public:
  // While the object lives, new files belong to `uid` and `gid`, and have exactly the mode that is asked for.
  // The thread's own rights on files stay the same.
  static Result<CreationIdentity> assume(uid_t uid, gid_t gid);

  CreationIdentity(CreationIdentity&& other) noexcept;
  CreationIdentity& operator=(CreationIdentity&&) = delete;
  CreationIdentity(const CreationIdentity&) = delete;
  CreationIdentity& operator=(const CreationIdentity&) = delete;
  ~CreationIdentity();

 private:
  struct Former {
    uid_t uid;
    gid_t gid;
    mode_t mask;
  };
  explicit CreationIdentity(Former former) : former_(former) {}

  std::optional<Former> former_;
};

}  // namespace caisson::runtime
