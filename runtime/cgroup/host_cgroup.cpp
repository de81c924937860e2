// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/host_cgroup.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/cgroup/hierarchy_cgroup.h"
#include "runtime/cgroup/limit_files.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/members.h"
#include "runtime/cgroup/tree.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxStateBytes = 64;  // LIMIT: a word of the freezer's, or a digit

// A container that starts in it would stand still, or run though it was told not to.
Result<void> refuse_frozen(const CgroupHierarchies& host, const std::string& path) {
  const std::string file = host.is_unified() ? *host.v2 + path + "/cgroup.freeze"
                           : host.freezer    ? *host.freezer + path + "/freezer.state"
                                             : std::string();
  if (file.empty() || ::access(file.c_str(), F_OK) < 0) {
    return {};
  }
  const std::string state = TRY(read_file(file, kMaxStateBytes));
  return state.starts_with("FR") || state.starts_with('1')  // FROZEN, FREEZING
             ? fail(EBUSY, "container's cgroup unexpectedly frozen: thaw " + file +
                               ", or give the container a linux.cgroupsPath of its own")
             : Result<void>();
}

std::vector<CgroupWrite> writes_for(const CgroupHierarchies& host, const oci::Resources& resources,
                                    uint64_t guest_memory_bytes) {
  return host.is_unified() ? v2_writes(resources, guest_memory_bytes)
                           : v1_writes(resources, guest_memory_bytes);
}

// By these systemd knows which unit a process is of; it has made them.
Result<void> join_unit(const CgroupHierarchies& host, const std::string& path, HostCgroup& cgroup) {
  if (host.systemd) {
    cgroup.members.push_back(TRY(open_members(*host.systemd + path + "/tasks")));
  }
  if (host.v2 && !host.is_unified()) {
    cgroup.members.push_back(TRY(open_members(*host.v2 + path + "/cgroup.procs")));
  }
  return {};
}

void take_in(HierarchyCgroup made, HostCgroup& cgroup) {
  if (made.counts_memory) {
    cgroup.memory = std::move(made.directory);
  }
  cgroup.members.push_back(std::move(made.members));
}

Result<void> make_all(const CgroupHierarchies& host, const std::string& path, const oci::Resources& resources,
                      uint64_t guest_memory_bytes, HostCgroup& cgroup) {
  const std::vector<CgroupWrite> writes = writes_for(host, resources, guest_memory_bytes);
  if (host.is_unified()) {
    take_in(TRY(make_in_hierarchy(*host.v2, path, "", writes)), cgroup);
    return {};
  }
  for (const CgroupWrite& write : writes) {
    if (!host.v1.contains(write.controller)) {
      return fail(ENOTSUP,
                  write.path + ": this host has no " + write.controller + " cgroup; remove the limit");
    }
  }
  for (const auto& [controller, mount] : host.v1) {
    take_in(TRY(make_in_hierarchy(mount, path, controller, writes)), cgroup);
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> directories_to_make(const std::string& path, CgroupMaker maker) {
  return directories_to_make(TRY(find_cgroup_hierarchies()), path, maker);
}

Result<std::vector<std::string>> directories_to_make(const CgroupHierarchies& host, const std::string& path,
                                                     CgroupMaker maker) {
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
  return make_cgroup(TRY(find_cgroup_hierarchies()), path, resources, guest_memory_bytes, policy, maker);
}

Result<HostCgroup> make_cgroup(const CgroupHierarchies& host, const std::string& path,
                               const oci::Resources& resources, uint64_t guest_memory_bytes,
                               CgroupPolicy policy, CgroupMaker maker) {
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
  return path.empty() ? Result<void>()
                      : update_cgroup(TRY(find_cgroup_hierarchies()), path, resources, guest_memory_bytes);
}

Result<void> update_cgroup(const CgroupHierarchies& host, const std::string& path,
                           const oci::Resources& resources, uint64_t guest_memory_bytes) {
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
