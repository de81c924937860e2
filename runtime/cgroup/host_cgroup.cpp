// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/host_cgroup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "runtime/cgroup/controllers.h"
#include "runtime/cgroup/hierarchies.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/members.h"
#include "runtime/cgroup/tree.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxCpusBytes = 65536;  // LIMIT: a list of CPUs

Result<void> write_limit(const std::string& directory, const CgroupWrite& write) {
  const std::string preferred = directory + "/" + write.preferred_file;
  const bool is_there = !write.preferred_file.empty() && ::access(preferred.c_str(), F_OK) == 0;
  return is_there ? write_file(preferred, write.preferred_text)
                  : write_file(directory + "/" + write.file, write.text);
}

Result<void> write_limits(const std::string& directory, const std::vector<CgroupWrite>& writes,
                          std::string_view controller) {
  // ORDERING: v1 checks a new period against the quota in force, and that again against the parent's: what it
  // will not take before its fellows it may take after them.
  std::vector<const CgroupWrite*> again;
  for (const CgroupWrite& write : writes) {
    if (!controller.empty() && write.controller != controller) {
      continue;
    }
    auto written = write_limit(directory, write);
    if (!written && written.error().code == EINVAL) {
      again.push_back(&write);
      continue;
    }
    TRY_CONTEXT(write.path, std::move(written));
  }
  for (const CgroupWrite* write : again) {
    TRY_CONTEXT(write->path, write_limit(directory, *write));
  }
  return {};
}

// A container that starts in it would stand still, or run though it was told not to.
Result<void> refuse_frozen(const CgroupHierarchies& host, const std::string& path) {
  const std::string file = host.is_unified() ? *host.v2 + path + "/cgroup.freeze"
                           : host.freezer    ? *host.freezer + path + "/freezer.state"
                                             : std::string();
  if (file.empty() || ::access(file.c_str(), F_OK) < 0) {
    return {};
  }
  const std::string state = TRY(read_file(file, kMaxCpusBytes));
  return state.starts_with("FR") || state.starts_with('1')  // FROZEN, FREEZING
             ? fail(EBUSY, "container's cgroup unexpectedly frozen: thaw " + file +
                               ", or give the container a linux.cgroupsPath of its own")
             : Result<void>();
}

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

Result<void> open_members(const std::string& file, HostCgroup& cgroup) {
  UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open " + file);
  }
  cgroup.members.push_back(std::move(fd));
  return {};
}

// One hierarchy; `controller` is empty for v2.
Result<void> make_one(const std::string& mount, const std::string& path, const std::string& controller,
                      const std::vector<CgroupWrite>& writes, HostCgroup& cgroup) {
  const std::string directory = TRY(make_directories(mount, path, controller, writes));
  if (controller == "memory" || ::access((directory + "/memory.max").c_str(), F_OK) == 0) {
    cgroup.memory = directory;
  }
  TRY(write_limits(directory, writes, controller));
  // A thread that moves itself alone need not stop every fork and exit of the host meanwhile, as cgroup.procs
  // must: 3 ms in place of 18 for nine hierarchies. In v2 only threads of one domain may part.
  return open_members(directory + (controller.empty() ? "/cgroup.procs" : "/tasks"), cgroup);
}

std::vector<CgroupWrite> writes_for(const CgroupHierarchies& host, const oci::Resources& resources,
                                    uint64_t guest_memory_bytes) {
  return host.is_unified() ? v2_writes(resources, guest_memory_bytes)
                           : v1_writes(resources, guest_memory_bytes);
}

// By these systemd knows which unit a process is of; it has made them.
Result<void> join_unit(const CgroupHierarchies& host, const std::string& path, HostCgroup& cgroup) {
  if (host.systemd) {
    TRY(open_members(*host.systemd + path + "/tasks", cgroup));
  }
  if (host.v2 && !host.is_unified()) {
    TRY(open_members(*host.v2 + path + "/cgroup.procs", cgroup));
  }
  return {};
}

Result<void> make_all(const CgroupHierarchies& host, const std::string& path, const oci::Resources& resources,
                      uint64_t guest_memory_bytes, HostCgroup& cgroup) {
  const std::vector<CgroupWrite> writes = writes_for(host, resources, guest_memory_bytes);
  if (host.is_unified()) {
    return make_one(*host.v2, path, "", writes, cgroup);
  }
  for (const CgroupWrite& write : writes) {
    if (!host.v1.contains(write.controller)) {
      return fail(ENOTSUP,
                  write.path + ": this host has no " + write.controller + " cgroup; remove the limit");
    }
  }
  for (const auto& [controller, mount] : host.v1) {
    TRY(make_one(mount, path, controller, writes, cgroup));
  }
  return {};
}

}  // namespace

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

Result<std::vector<std::string>> directories_to_make(const std::string& path, CgroupMaker maker) {
  const CgroupHierarchies host = TRY(find_cgroup_hierarchies());
  TRY(refuse_frozen(host, path));
  std::vector<std::string> directories;
  const auto add = [&](const std::string& mount) -> Result<void> {
    const std::string directory = mount + path;
    if (std::find(directories.begin(), directories.end(), directory) != directories.end()) {
      return {};
    }
    if (maker == CgroupMaker::systemd || ::access(directory.c_str(), F_OK) < 0) {
      directories.push_back(directory);
    } else if (const size_t processes = processes_of(directory).size(); processes > 0) {
      return fail(EBUSY, "make cgroup " + directory + ": container's cgroup is not empty, " +
                             std::to_string(processes) +
                             " processes are in it; give the container a linux.cgroupsPath of its own");
    }
    return {};
  };
  if (host.is_unified()) {
    TRY(add(*host.v2));
  }
  for (const auto& [controller, mount] : host.v1) {
    TRY(add(mount));
  }
  return directories;
}

Result<HostCgroup> make_cgroup(const std::string& path, const oci::Resources& resources,
                               uint64_t guest_memory_bytes, CgroupPolicy policy, CgroupMaker maker) {
  const CgroupHierarchies host = TRY(find_cgroup_hierarchies());
  HostCgroup cgroup;
  auto made = make_all(host, path, resources, guest_memory_bytes, cgroup);
  if (made && maker == CgroupMaker::systemd) {
    made = join_unit(host, path, cgroup);
  }
  if (made) {
    return cgroup;
  }
  const int code = made.error().code;
  if (policy == CgroupPolicy::best_effort && (code == EACCES || code == EPERM || code == EROFS)) {
    spdlog::warn("go without a cgroup: {}", made.error().message);
    return HostCgroup{};
  }
  return tl::unexpected(std::move(made).error());
}

Result<std::vector<CgroupWrite>> cgroup_writes(const oci::Resources& resources, uint64_t guest_memory_bytes) {
  return writes_for(TRY(find_cgroup_hierarchies()), resources, guest_memory_bytes);
}

Result<void> update_cgroup(const std::string& path, const oci::Resources& resources,
                           uint64_t guest_memory_bytes) {
  if (path.empty()) {
    return {};
  }
  const CgroupHierarchies host = TRY(find_cgroup_hierarchies());
  const std::vector<CgroupWrite> writes = writes_for(host, resources, guest_memory_bytes);
  if (host.is_unified()) {
    return write_limits(*host.v2 + path, writes, "");
  }
  for (const auto& [controller, mount] : host.v1) {
    TRY(write_limits(mount + path, writes, controller));
  }
  return {};
}

Result<void> remove_cgroup(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    TRY(remove_cgroup_tree(directory));
  }
  return {};
}

}  // namespace caisson::runtime
