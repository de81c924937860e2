// SPDX-License-Identifier: Apache-2.0
// What `caisson events` prints of a container, in the layout of runc's events.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/lifecycle/cgroup_files.h"

namespace caisson::runtime {

// One line: {"type":"stats","id":…,"data":{…}}.
[[nodiscard]] std::string stats_event(const std::string& id, const CgroupFiles& files);

// The lines of one container, as it goes on: of an OOM kill when there are more than were told of, then the
// statistics.
class EventWriter {
 public:
  explicit EventWriter(std::string id) : id_(std::move(id)) {}
  [[nodiscard]] std::vector<std::string> lines_for(const CgroupFiles& files);

 private:
  std::string id_;
  uint64_t told_oom_kills_ = 0;
};

}  // namespace caisson::runtime
