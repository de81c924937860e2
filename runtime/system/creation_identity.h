// SPDX-License-Identifier: Apache-2.0
// Whose the files become that this thread makes. Where others may write the directory, a file that is given
// away after it was made can be another one by then: it has to be made as it stays.
#pragma once

#include <sys/types.h>

#include <optional>

#include "common/result.h"

namespace caisson::runtime {

class CreationIdentity {
 public:
  // Until the end of its life: files belong to `uid` and `gid`, and have exactly the mode that is asked for.
  // What the thread may do to files stays what it was.
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
