// SPDX-License-Identifier: Apache-2.0
// The statistics of a container, from the files of its cgroup v2 in the guest, in the layout of runc's
// events.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace caisson::runtime {

// By name of file: "memory.current", "cpu.stat", …; foreign text, any of it may be missing or malformed.
using CgroupFiles = std::map<std::string, std::string>;

// One line: {"type":"stats","id":…,"data":{…}}.
[[nodiscard]] std::string stats_event(const std::string& id, const CgroupFiles& files);

// The number behind `key` in a flat-keyed file ("key value" lines); 0 when there is none.
[[nodiscard]] uint64_t flat_value(std::string_view text, std::string_view key);
// A file of one number; "max" is the largest there is.
[[nodiscard]] uint64_t single_value(std::string_view text);

}  // namespace caisson::runtime
