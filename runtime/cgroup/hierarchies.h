// SPDX-License-Identifier: Apache-2.0
// The cgroup file systems of this host: v1 hierarchies by controller, the v2 tree, or both (hybrid). Read
// from /proc/self/mountinfo; the parser takes its text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime {

struct CgroupHierarchies {
  std::map<std::string, std::string> v1;  // controller ("memory") to mount point
  std::optional<std::string> v2;          // mount point
  std::optional<std::string>
      systemd;  // mount point of the v1 hierarchy by which systemd tells its units apart
  std::optional<std::string> freezer;  // mount point of v1's; containers have no cgroup there

  // v2 alone counts as unified: on a hybrid host its tree has no controllers.
  [[nodiscard]] bool is_unified() const { return v1.empty() && v2.has_value(); }
  [[nodiscard]] const char* version_name() const;
};

[[nodiscard]] CgroupHierarchies parse_cgroup_mounts(std::string_view mountinfo);
Result<CgroupHierarchies> find_cgroup_hierarchies();

}  // namespace caisson::runtime
