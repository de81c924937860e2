// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/hierarchies.h"

#include <algorithm>
#include <vector>

#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

// Those we set limits in, and those in which engines look up what a container uses.
constexpr std::string_view kControllers[] = {"memory", "cpu", "cpuset", "blkio", "cpuacct", "pids"};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace

const char* CgroupHierarchies::version_name() const {
  if (is_unified()) return "v2";
  if (v1.empty()) return "none";
  return v2 ? "hybrid" : "v1";
}

CgroupHierarchies parse_cgroup_mounts(std::string_view mountinfo) {
  CgroupHierarchies found;
  for (const std::string_view line : split(mountinfo, '\n')) {
    // "id parent dev root mountpoint options [tags] - type source superoptions"
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) {
      continue;
    }
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) {
      continue;
    }
    const std::string mount_point(before[4]);
    if (after[0] == "cgroup2") {
      found.v2 = found.v2.value_or(mount_point);
    } else if (after[0] == "cgroup") {
      for (const std::string_view option : split(after[2], ',')) {
        if (std::find(std::begin(kControllers), std::end(kControllers), option) != std::end(kControllers)) {
          found.v1.emplace(option, mount_point);
        } else if (option == "freezer") {
          found.freezer = mount_point;
        } else if (option == "name=systemd") {
          found.systemd = mount_point;
        }
      }
    }
  }
  return found;
}

Result<CgroupHierarchies> find_cgroup_hierarchies() {
  constexpr size_t kMaxBytes = 16UL << 20;  // LIMIT: a host with very many mounts
  return parse_cgroup_mounts(TRY(read_file("/proc/self/mountinfo", kMaxBytes)));
}

}  // namespace caisson::runtime
