// SPDX-License-Identifier: Apache-2.0
// The files of a container's cgroup v2 in its guest, as the agent passes them on. They are foreign text: any
// may be missing or malformed. Used by events and stats.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace caisson::runtime {

// By name of file: "memory.current", "cpu.stat", …
using CgroupFiles = std::map<std::string, std::string>;

// The text of a file. Empty if there is none.
[[nodiscard]] std::string_view file_of(const CgroupFiles& files, const std::string& name);

// A file of one number; "max" is the largest there is.
[[nodiscard]] uint64_t single_value(std::string_view text);
// The number behind `key` in a flat-keyed file ("key value" lines); 0 when there is none.
[[nodiscard]] uint64_t flat_value(std::string_view text, std::string_view key);

// Calls `visit(key, value)` for every "key value" line.
template <typename Visit>
void for_each_flat(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    const size_t space = line.find(' ');
    if (space != std::string_view::npos) {
      visit(line.substr(0, space), single_value(line.substr(space + 1)));
    }
  }
}

// How many processes the guest's kernel has killed for want of memory.
[[nodiscard]] uint64_t oom_kills(const CgroupFiles& files);

}  // namespace caisson::runtime
