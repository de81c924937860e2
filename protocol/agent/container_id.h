// SPDX-License-Identifier: Apache-2.0
// What a container may be called, in runtime and agent alike: it becomes the name of a directory and of a
// cgroup.
#pragma once

#include <algorithm>
#include <string_view>

namespace caisson {

// LIMIT: runc's.
inline constexpr size_t kMostIdBytes = 1024;

[[nodiscard]] constexpr bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
         c == '.' || c == '-';
}

[[nodiscard]] constexpr bool is_container_id(std::string_view id) {
  return !id.empty() && id.size() <= kMostIdBytes && id != "." && id != ".." &&
         std::all_of(id.begin(), id.end(), is_id_character);
}

}  // namespace caisson
