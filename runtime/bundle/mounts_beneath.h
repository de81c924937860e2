// SPDX-License-Identifier: Apache-2.0
// Mounts of the host beneath a directory, with their flags. Used for exports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::runtime {

// LIMIT: the guest looks each of these mounts up before its container is made.
inline constexpr size_t kMaxMountsBeneath = 1000;
struct MountBeneath {
  std::string path;    // relative to the directory
  uint64_t flags = 0;  // MS_*: only those that a bind mount keeps
};
// The mounts of the host beneath the open directory: the first kMaxMountsBeneath of them.
Result<std::vector<MountBeneath>> mounts_beneath(int directory);
// The same for `path`, from the text of /proc/self/mountinfo.
[[nodiscard]] std::vector<MountBeneath> mounts_beneath(std::string_view path, const std::string& mountinfo);

// MS_* of the mount that holds an open file: only those that a bind mount keeps.
Result<uint64_t> mount_flags(int fd);
// The same from the options in mountinfo: "rw,nosuid".
[[nodiscard]] uint64_t mount_flags(std::string_view options);

}  // namespace caisson::runtime
