// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/hierarchy_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/cgroup/controllers.h"
#include "runtime/cgroup/limit_files.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxCpusBytes = 65536;  // LIMIT: a list of CPUs

// A new v1 cpuset is empty, and nothing may join an empty one: it starts with its parent's.
Result<void> inherit_cpuset(const std::string& parent, const std::string& directory) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    const std::string own = TRY(read_file(directory + file, kMaxCpusBytes));
    if (own.find_first_not_of('\n') == std::string::npos) {
      TRY(write_file(directory + file, TRY(read_file(parent + file, kMaxCpusBytes))));
    }
  }
  return {};
}

Result<std::string> make_directories(const std::string& mount, const std::string& path,
                                     const std::string& controller, const std::vector<CgroupWrite>& writes) {
  std::string directory = mount;
  for (size_t start = 1; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string parent = directory;
    directory += "/" + path.substr(start, end - start);
    if (::mkdir(directory.c_str(), 0755) < 0 && errno != EEXIST) {
      return fail_errno("make cgroup " + directory);
    }
    if (controller == "cpuset") {
      TRY(inherit_cpuset(parent, directory));
    } else if (controller.empty()) {
      TRY(enable_controllers(parent, writes));
      TRY(make_joinable(directory));
    }
    start = end + 1;
  }
  return directory;
}

}  // namespace

Result<UniqueFd> open_members(const std::string& file) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd ? Result<UniqueFd>(std::move(fd)) : fail_errno("open " + file);
}

Result<HierarchyCgroup> make_in_hierarchy(const std::string& mount, const std::string& path,
                                          const std::string& controller,
                                          const std::vector<CgroupWrite>& writes) {
  HierarchyCgroup cgroup{.directory = TRY(make_directories(mount, path, controller, writes)), .members = {}};
  cgroup.counts_memory =
      controller == "memory" || ::access((cgroup.directory + "/memory.max").c_str(), F_OK) == 0;
  TRY(write_limits(cgroup.directory, writes, controller));
  // A thread that moves itself alone need not stop every fork and exit of the host meanwhile, as cgroup.procs
  // must: 3 ms in place of 18 for nine hierarchies. In v2 only threads of one domain may part.
  cgroup.members = TRY(open_members(cgroup.directory + (controller.empty() ? "/cgroup.procs" : "/tasks")));
  return cgroup;
}

}  // namespace caisson::runtime
