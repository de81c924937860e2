// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/cgroup_path.h"

#include <fmt/core.h>

#include <filesystem>
#include <functional>

namespace caisson::runtime {

Result<std::string> cgroup_path(const std::string& cgroups_path, const std::string& id,
                                const std::string& state_root) {
  if (cgroups_path.empty()) {
    std::error_code ignored;
    const std::string root = std::filesystem::weakly_canonical(state_root, ignored).string();
    // Names are to differ, nobody is to be kept from making them alike.
    return fmt::format("/caisson-{:x}-{}", std::hash<std::string>{}(root), id);
  }
  std::string path = cgroups_path.starts_with('/') ? cgroups_path : "/" + cgroups_path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if ((path + "/").find("/../") != std::string::npos || path == "/") {
    return fail(EINVAL, "linux.cgroupsPath: \"" + cgroups_path + "\" must name a cgroup beneath the root");
  }
  return path;
}

}  // namespace caisson::runtime
