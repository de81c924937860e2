// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/freezer.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "runtime/cgroup/hierarchies.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxFreezerBytes = 64UL << 10;  // LIMIT: a dozen hierarchies with paths of PATH_MAX

// LIMIT: caisson-vmm, QEMU, and what QEMU might start.
constexpr int kMostGenerations = 2;

// `thread` is its directory in /proc.
Result<void> leave_if_frozen(const std::string& hierarchy, const std::filesystem::path& thread) {
  const std::string path = freezer_path(read_file(thread / "cgroup", kMaxFreezerBytes).value_or(""));
  if (path.empty() || path == "/" || path.starts_with("/..")) {
    return {};
  }
  const std::string state = read_file(hierarchy + path + "/freezer.state", kMaxFreezerBytes).value_or("");
  if (!state.starts_with("FR")) {  // FROZEN, FREEZING
    return {};
  }
  auto left = write_file(hierarchy + "/tasks", thread.filename().string());
  return !left && left.error().code == ESRCH ? Result<void>() : left;
}

// Threads are frozen one by one, so each is looked at. They may be ending meanwhile, as was asked of them:
// what is no longer there is not frozen either.
Result<void> leave_with_children(const std::string& hierarchy, const std::string& pid, int generations) {
  std::error_code gone;
  for (std::filesystem::directory_iterator thread("/proc/" + pid + "/task", gone), end;
       !gone && thread != end; thread.increment(gone)) {
    TRY(leave_if_frozen(hierarchy, thread->path()));
    std::istringstream children(read_file(thread->path() / "children", kMaxFreezerBytes).value_or(""));
    for (std::string child; generations > 0 && children >> child;) {
      TRY(leave_with_children(hierarchy, child, generations - 1));
    }
  }
  return {};
}

}  // namespace

// Lines of "id:controller,controller:path".
std::string freezer_path(std::string_view proc_cgroup) {
  while (!proc_cgroup.empty()) {
    const std::string_view line = proc_cgroup.substr(0, proc_cgroup.find('\n'));
    proc_cgroup.remove_prefix(std::min(line.size() + 1, proc_cgroup.size()));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) {
      continue;
    }
    const std::string controllers = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    if (controllers.find(",freezer,") != std::string::npos) {
      return std::string(line.substr(second + 1));
    }
  }
  return {};
}

Result<void> leave_frozen_cgroup(pid_t pid) {
  const CgroupHierarchies host = TRY(find_cgroup_hierarchies());
  return host.freezer ? leave_with_children(*host.freezer, std::to_string(pid), kMostGenerations)
                      : Result<void>();
}

}  // namespace caisson::runtime
