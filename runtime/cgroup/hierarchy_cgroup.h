// SPDX-License-Identifier: Apache-2.0
// A container's cgroup in one hierarchy of the host. Used by host_cgroup.h.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/cgroup/limits.h"

namespace caisson::runtime {

struct HierarchyCgroup {
  std::string directory;
  bool counts_memory = false;
  UniqueFd members;  // the file by which a process joins, open for writing
};

// Makes `path` beneath `mount`, with its parents, and writes the limits of `controller`. An empty
// `controller` means v2.
Result<HierarchyCgroup> make_in_hierarchy(const std::string& mount, const std::string& path,
                                          const std::string& controller,
                                          const std::vector<CgroupWrite>& writes);

Result<UniqueFd> open_members(const std::string& file);

}  // namespace caisson::runtime
