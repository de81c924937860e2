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
  required,     // an error when the host gives us none
  best_effort,  // --rootless: go without when we may not
};

struct HostCgroup {
  std::vector<UniqueFd> members;  // of each hierarchy the file to join it by, open for writing
  std::string memory;             // its directory where the host counts its memory; empty: none does
};

// Who makes a cgroup and removes it.
enum class CgroupMaker {
  us,
  systemd,  // as the cgroup of a scope, delegated to us: runtime/cgroup/scope.h
};

// The directories that make_cgroup() will make, since they are not there yet: to be put on record first, and
// removed with the container. One that exists belongs to somebody else; EBUSY if it has processes, as in
// runc since 1.2: they would be under the container's limits; and if it is frozen. Of systemd's all are the
// container's.
Result<std::vector<std::string>> directories_to_make(const std::string& path, CgroupMaker maker);

// Makes the directories and writes the limits. Whatever happens, remove_cgroup() of the recorded ones cleans
// up.
Result<HostCgroup> make_cgroup(const std::string& path, const oci::Resources& resources,
                               uint64_t guest_memory_bytes, CgroupPolicy policy, CgroupMaker maker);

// The limits as files of this host's cgroups.
Result<std::vector<CgroupWrite>> cgroup_writes(const oci::Resources& resources, uint64_t guest_memory_bytes);

// Changes the limits of the one that make_cgroup() gave `path`; where that is empty, there is none.
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

// Kills what runs in them and beneath, then removes them with all beneath. Those that are gone already are
// passed over.
Result<void> remove_cgroup(const std::vector<std::string>& directories);

}  // namespace caisson::runtime
