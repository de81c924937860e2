// SPDX-License-Identifier: Apache-2.0
// The options of a mount, as runc reads them: words become flags to set or clear, attributes to change
// recursively, propagation, or data for the file system. Used when a mount is handed to the guest, and by
// `features`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::runtime::oci {

struct MountOptions {
  uint64_t flags = 0;                 // MS_*
  uint64_t flags_cleared = 0;         // MS_* cleared by name
  std::vector<uint64_t> propagation;  // MS_SHARED | MS_REC, …, in order
  uint64_t recursive_set = 0;         // MOUNT_ATTR_*
  uint64_t recursive_clear = 0;       // MOUNT_ATTR_*
  std::string data;
  bool tmpcopyup = false;
  bool idmap = false;
  bool idmap_beneath = false;          // "ridmap"
  bool keep_source_link = false;       // "src-nofollow"
  bool keep_destination_link = false;  // "dest-nofollow"
  bool copy_link = false;              // "copy-symlink"
};

[[nodiscard]] MountOptions parse_mount_options(std::span<const std::string> words);

// Refuses, by its word, an option that cannot be honoured. `context` is the JSON path of the words. For a
// bind mount these are all options of a whole file system, for other mounts those that the guest's kernel
// would ignore.
Result<void> check_mount_options(const MountOptions& options, bool is_bind, std::string_view type,
                                 const std::string& context);

// Every word with a meaning of its own, sorted.
[[nodiscard]] std::vector<std::string_view> mount_option_names();

}  // namespace caisson::runtime::oci
