// SPDX-License-Identifier: Apache-2.0
// The few ways in which the server touches a name of the host: by one component, never through a symbolic
// link. Nothing here takes a path.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <compare>
#include <cstdint>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

// The identity of a file: hard links share it, another mount of the same file system does not.
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t mount = 0;
  auto operator<=>(const Identity&) const = default;
};

// Tells a reused inode number from the known one. Zero if the file system keeps no birth time.
using BirthTime = int64_t;

[[nodiscard]] Identity identity_of(const struct statx& stat);
[[nodiscard]] BirthTime birth_time_of(const struct statx& stat);

// Size and times of a file's contents, which tell whether the contents have changed. utimensat(2) can put the
// time of modification back, but not the time of change.
struct Version {
  uint64_t size = 0;
  int64_t modified_ns = -1;
  int64_t changed_ns = -1;
  bool operator==(const Version&) const = default;
};
[[nodiscard]] Version version_of(const struct statx& stat);
// True if the file changed so long ago that another change would show in its times (kSettleTime).
[[nodiscard]] bool is_settled(const struct statx& stat);

// `name` must be a checked component (request.h), or "" for `directory` itself.
[[nodiscard]] Result<struct statx> stat_at(int directory, const char* name);
[[nodiscard]] Result<UniqueFd> open_path_at(int directory, const char* name);

// True for file systems whose files are commands to the host's kernel or windows on its processes (procfs,
// sysfs, cgroups, …): they are not data, and reading one speaks for this process.
[[nodiscard]] Result<bool> is_kernel_interface(int fd);

// Our own descriptors by number, through a copy of /proc/self/fd made before the process gave up its mounts:
// the only way to turn a verified O_PATH descriptor into one with contents. Must be opened in the process
// that uses it.
class OwnDescriptors {
 public:
  // The number of a descriptor as a file name relative to directory().
  using Name = std::array<char, 12>;

  static Result<OwnDescriptors> open();

  [[nodiscard]] int directory() const { return directory_.get(); }
  [[nodiscard]] static Name name(int fd);

  // Opens what `path_fd` names. SAFETY: only for files known to be regular or a directory; opening a device
  // node, FIFO or socket acts on the host.
  [[nodiscard]] Result<UniqueFd> reopen(int path_fd, int flags) const;

 private:
  explicit OwnDescriptors(UniqueFd directory) : directory_(std::move(directory)) {}
  UniqueFd directory_;
};

// RWF_* of a write. Each write carries the flags of the guest's open file. A later write by the guest's page
// cache carries none, and has a position.
[[nodiscard]] int write_flags(const fuse_write_in& arguments);

}  // namespace caisson::vmm::fs
