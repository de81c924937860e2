// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/cgroup_files.h"

#include <charconv>
#include <limits>

namespace caisson::runtime {

std::string_view file_of(const CgroupFiles& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? std::string_view() : std::string_view(found->second);
}

uint64_t single_value(std::string_view text) {
  if (text.starts_with("max")) {
    return std::numeric_limits<uint64_t>::max();
  }
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

uint64_t flat_value(std::string_view text, std::string_view key) {
  uint64_t found = 0;
  for_each_flat(text, [&](std::string_view name, uint64_t value) {
    if (name == key) found = value;
  });
  return found;
}

uint64_t oom_kills(const CgroupFiles& files) {
  return flat_value(file_of(files, "memory.events"), "oom_kill");
}

}  // namespace caisson::runtime
