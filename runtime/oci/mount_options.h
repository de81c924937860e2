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
  bool idmap_beneath = false;  // "ridmap"
};

[[nodiscard]] MountOptions parse_mount_options(std::span<const std::string> words);

// Every word with a meaning of its own, sorted.
[[nodiscard]] std::vector<std::string_view> mount_option_names();

}  // namespace caisson::runtime::oci
