// SPDX-License-Identifier: Apache-2.0
// Mounts of the host beneath a directory, and what they allow. Used for exports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::runtime {

// LIMIT: each is looked up by the guest before its container is made.
inline constexpr size_t kMaxMountsBeneath = 1000;
struct MountBeneath {
  std::string path;    // relative to what it is beneath
  uint64_t flags = 0;  // MS_*, of those that a bind mount keeps
};
// The host's beneath the open directory; the first kMaxMountsBeneath.
Result<std::vector<MountBeneath>> mounts_beneath(int directory);
// The same of `path`, by the text of /proc/self/mountinfo.
[[nodiscard]] std::vector<MountBeneath> mounts_beneath(std::string_view path, const std::string& mountinfo);

// MS_*, of those that a bind mount keeps: of the mount that an open file is on.
Result<uint64_t> mount_flags(int fd);
// Of the options in mountinfo: "rw,nosuid".
[[nodiscard]] uint64_t mount_flags(std::string_view options);

}  // namespace caisson::runtime
