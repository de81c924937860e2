// SPDX-License-Identifier: Apache-2.0
// The cgroup that caisson-vmm joins. caisson itself makes it, or systemd does. What must be removed with the
// container goes on record before it is made. Used by create.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/result.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/cgroup/scope.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// The place of the cgroup: a path from the root of each hierarchy on, or a scope of systemd.
using CgroupName = std::variant<std::string, ScopeName>;

// From linux.cgroupsPath. `systemd` says which form that has.
Result<CgroupName> cgroup_name(const std::string& cgroups_path, const std::string& id,
                               const std::string& state_root, bool systemd);

struct SandboxCgroup {
  HostCgroup cgroup;
  std::string own_memory;                  // HostCgroup::memory, if that directory was made for the container
  std::optional<Placeholder> placeholder;  // holds a scope until caisson-vmm has joined
};

struct CgroupSpec {
  const CgroupName& name;
  const oci::Resources& resources;
  uint64_t guest_memory_bytes = 0;
  CgroupPolicy policy = CgroupPolicy::required;
};

// Fills in and saves `state` as it goes.
Result<SandboxCgroup> make_sandbox_cgroup(const CgroupSpec& order, const ContainerDirectory& directory,
                                          ContainerState& state);

}  // namespace caisson::runtime
