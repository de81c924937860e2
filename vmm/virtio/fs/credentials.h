// SPDX-License-Identifier: Apache-2.0
// The owner of a new file: the identity and umask of this thread while one request is carried out. Also the
// privilege that is laid down so that set-user-ID bits fall. The guest's
// kernel has decided what the caller may do (docs/decisions/0004-own-fuse-server.md). Here the caller is only
// recorded.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "common/result.h"
#include "vmm/virtio/fs/host_file.h"

namespace caisson::vmm::fs {

// Gives the calling thread an umask and working directory of its own (both are shared by all threads
// otherwise) and makes the latter /proc/self/fd, by which the calls that know no directory descriptor (xattr)
// name a file.
Result<void> prepare_thread(const OwnDescriptors& own);

// While it lives, files this thread makes belong to (uid, gid). Its capabilities stay as they were.
class ActAs {
 public:
  // EPERM when this process may not make files for that user.
  static Result<ActAs> become(uint32_t uid, uint32_t gid);
  ActAs(ActAs&& other) noexcept;
  ActAs& operator=(ActAs&&) = delete;
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;
  ~ActAs();

 private:
  ActAs() = default;
  bool is_changed_ = false;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
};

// While it lives, writing, truncating and changing ACLs drops set-ID bits as it does for a user without
// CAP_FSETID.
class WithoutFsetid {
 public:
  explicit WithoutFsetid(bool wanted);
  WithoutFsetid(const WithoutFsetid&) = delete;
  WithoutFsetid& operator=(const WithoutFsetid&) = delete;
  ~WithoutFsetid();

 private:
  bool is_dropped_ = false;
};

}  // namespace caisson::vmm::fs
