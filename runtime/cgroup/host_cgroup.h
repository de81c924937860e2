// SPDX-License-Identifier: Apache-2.0
// The container's cgroup on the host: made before caisson-vmm starts, which joins it before it executes;
// removed with the container, together with whatever still runs in it. v1, v2 and hybrid hosts.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/cgroup/hierarchies.h"
#include "runtime/cgroup/limits.h"
#include "runtime/oci/resources.h"

namespace caisson::runtime {

enum class CgroupPolicy {
  required,     // an error when the host gives none
  best_effort,  // --rootless: go without one when caisson may not make one
};

struct HostCgroup {
  std::vector<UniqueFd>
      members;         // one for each hierarchy: the file by which a process joins, open for writing
  std::string memory;  // the directory where the host counts the container's memory; empty: the host does not
};

// The program that makes a cgroup and removes it.
enum class CgroupMaker {
  us,
  systemd,  // as the cgroup of a scope, delegated to us: runtime/cgroup/scope.h
};

// The directories that make_cgroup() will make, because they do not exist yet. They are put on record first,
// and removed with the container. A directory that exists belongs to another program. EBUSY if the cgroup is
// frozen, or has processes, which the container's limits would hit (as in runc since 1.2). All directories of
// a scope of systemd are the container's.
Result<std::vector<std::string>> directories_to_make(const std::string& path, CgroupMaker maker);

// Makes the directories and writes the limits. Whatever fails, remove_cgroup() of the recorded directories
// cleans up.
Result<HostCgroup> make_cgroup(const std::string& path, const oci::Resources& resources,
                               uint64_t guest_memory_bytes, CgroupPolicy policy, CgroupMaker maker);

// The limits as files of this host's cgroups.
Result<std::vector<CgroupWrite>> cgroup_writes(const oci::Resources& resources, uint64_t guest_memory_bytes);

// Changes the limits of the cgroup that make_cgroup() made at `path`. An empty `path` means that there is
// none.
Result<void> update_cgroup(const std::string& path, const oci::Resources& resources,
                           uint64_t guest_memory_bytes);

// The same on a host with these hierarchies.
Result<std::vector<std::string>> directories_to_make(const CgroupHierarchies& host, const std::string& path,
                                                     CgroupMaker maker);
Result<HostCgroup> make_cgroup(const CgroupHierarchies& host, const std::string& path,
                               const oci::Resources& resources, uint64_t guest_memory_bytes,
                               CgroupPolicy policy, CgroupMaker maker);
Result<void> update_cgroup(const CgroupHierarchies& host, const std::string& path,
                           const oci::Resources& resources, uint64_t guest_memory_bytes);

// Kills the processes in the cgroups and beneath, then removes the cgroups with all beneath. Passes over
// cgroups that are gone already.
Result<void> remove_cgroup(const std::vector<std::string>& directories);

}  // namespace caisson::runtime
