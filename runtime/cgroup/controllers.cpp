// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/controllers.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/cgroup/members.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxControllersBytes = 4096;  // LIMIT: there are a dozen controllers

// Whether a file of words, such as "cpu memory\n", has one.
bool lists(std::string words, const std::string& word) {
  std::ranges::replace(words, '\n', ' ');
  return (" " + words + " ").find(" " + word + " ") != std::string::npos;
}

// Those that may be enabled above processes, at a price: the children are no domains any more.
bool is_threaded(std::string_view controller) {
  constexpr std::string_view kThreaded[] = {"cpu", "cpuset", "perf_event", "pids"};
  return std::find(std::begin(kThreaded), std::end(kThreaded), controller) != std::end(kThreaded);
}

// "domain", "domain threaded", "domain invalid" or "threaded"; empty of the host's root, to which the rules
// do not apply.
Result<std::string> type_of(const std::string& directory) {
  const std::string file = directory + "/cgroup.type";
  if (::access(file.c_str(), F_OK) < 0) {
    return std::string();
  }
  std::string type = TRY(read_file(file, kMaxControllersBytes));
  type.resize(std::min(type.find('\n'), type.size()));
  return type;
}

// All, as runc does: engines read statistics and OOM kills of a container without a limit, too, and `update`
// may bring limits that creation did not. Not to be had everywhere.
Result<void> enable_what_there_is(const std::string& parent, const std::string& enabled) {
  const std::string available = TRY(read_file(parent + "/cgroup.controllers", kMaxControllersBytes));
  for (size_t start = 0; start < available.size();) {
    const size_t end = std::min(available.find_first_of(" \n", start), available.size());
    const std::string controller = available.substr(start, end - start);
    if (!controller.empty() && !lists(enabled, controller)) {
      (void)write_file(parent + "/cgroup.subtree_control", "+" + controller);
    }
    start = end + 1;
  }
  return {};
}

}  // namespace

Result<void> enable_controllers(const std::string& parent, const std::vector<CgroupWrite>& writes) {
  const std::string type = TRY(type_of(parent));
  const bool has_processes = !type.empty() && !processes_of(parent).empty();
  const std::string enabled = TRY(read_file(parent + "/cgroup.subtree_control", kMaxControllersBytes));
  for (const CgroupWrite& write : writes) {
    if (lists(enabled, write.controller)) {
      continue;  // whoever made the parent may hold it, and refuse even this
    }
    if (has_processes && !is_threaded(write.controller)) {
      return fail(EBUSY, write.path + ": cgroup " + parent +
                             " has processes of its own, and cgroup v2 then has no limits of " +
                             write.controller +
                             " beneath it; move them to a cgroup beneath it, or give the container a "
                             "linux.cgroupsPath elsewhere");
    }
    TRY_CONTEXT(write.path, write_file(parent + "/cgroup.subtree_control", "+" + write.controller));
  }
  // Above processes it would take the children's being domains, which nobody has asked for.
  return has_processes || type == "threaded" ? Result<void>() : enable_what_there_is(parent, enabled);
}

Result<void> make_joinable(const std::string& directory) {
  return TRY(type_of(directory)) == "domain invalid" ? write_file(directory + "/cgroup.type", "threaded")
                                                     : Result<void>();
}

}  // namespace caisson::runtime
