// SPDX-License-Identifier: Apache-2.0
// One open file of the host that the guest has by its descriptor alone. A request is read(2), write(2),
// lseek(2), statx(2), ftruncate(2) or fsync(2) on the caller's own descriptor. So guest and caller share the
// position, and an error on the host is an error in the guest. No other request is answered. Used by
// ServedFiles, on the server's thread.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/fs/call.h"

namespace caisson::vmm::fs {

class ServedFile {
 public:
  // EINVAL unless `fd` is an open regular file or block device: these alone never let a reader wait.
  static Result<ServedFile> create(UniqueFd fd);

  // Whether both are the same file of the host, maybe opened twice.
  [[nodiscard]] bool is_same(const ServedFile& other) const {
    return device_ == other.device_ && inode_ == other.inode_;
  }
  // The number the guest sees: the same for the same file, and not the host's.
  [[nodiscard]] uint64_t shown_inode() const { return shown_inode_; }
  void show_inode(uint64_t number) { shown_inode_ = number; }

  // What the guest is told of the file.
  [[nodiscard]] Result<struct statx> shown_stat() const;
  // Carries out a request to the file, except RELEASE, which the table carries out.
  Result<void> serve(Call& call);

 private:
  explicit ServedFile(UniqueFd fd) : fd_(std::move(fd)) {}

  Result<void> getattr(Call& call);
  Result<void> getattr_extended(Call& call);
  Result<void> setattr(Call& call);
  Result<void> open(Call& call);
  Result<void> read(Call& call);
  Result<void> write(Call& call);
  Result<void> seek(Call& call);
  Result<void> fsync(Call& call);
  Result<void> statfs(Call& call);

  UniqueFd fd_;
  bool reads_ = false;
  bool writes_ = false;
  bool is_regular_ = false;  // else a block device, which O_TRUNC leaves as it is
  uint64_t device_ = 0;      // the host's device number; with `inode_` the file's identity
  uint64_t inode_ = 0;
  uint64_t shown_inode_ = 0;
};

}  // namespace caisson::vmm::fs
