// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/sandbox_cgroup.h"

#include <algorithm>

#include "runtime/cgroup/cgroup_path.h"

namespace caisson::runtime {
namespace {

Result<SandboxCgroup> make_in(const std::string& path, CgroupMaker maker, const CgroupSpec& order,
                              const ContainerDirectory& directory, ContainerState& state) {
  state.cgroups = TRY(directories_to_make(path, maker));
  TRY(directory.save(state));
  HostCgroup cgroup = TRY(make_cgroup(path, order.resources, order.guest_memory_bytes, order.policy, maker));
  if (!cgroup.members.empty()) {
    state.cgroup_path = path;
  }
  const bool is_own =
      std::find(state.cgroups.begin(), state.cgroups.end(), cgroup.memory) != state.cgroups.end();
  std::string own_memory = is_own ? cgroup.memory : std::string();
  return SandboxCgroup{
      .cgroup = std::move(cgroup), .own_memory = std::move(own_memory), .placeholder = std::nullopt};
}

}  // namespace

Result<CgroupName> cgroup_name(const std::string& cgroups_path, const std::string& id,
                               const std::string& state_root, bool systemd) {
  return systemd ? Result<CgroupName>(TRY(scope_name(cgroups_path, id)))
                 : Result<CgroupName>(TRY(cgroup_path(cgroups_path, id, state_root)));
}

Result<SandboxCgroup> make_sandbox_cgroup(const CgroupSpec& order, const ContainerDirectory& directory,
                                          ContainerState& state) {
  if (const auto* path = std::get_if<std::string>(&order.name)) {
    return make_in(*path, CgroupMaker::us, order, directory, state);
  }
  const auto& name = std::get<ScopeName>(order.name);
  // On record only once it is ours: a unit of that name may be another container's. Should we die before, the
  // placeholder dies with us, and systemd ends a scope without processes.
  StartedScope scope =
      TRY(start_scope(name, state.id, TRY(cgroup_writes(order.resources, order.guest_memory_bytes))));
  state.systemd_unit = name.unit;
  SandboxCgroup made = TRY(make_in(scope.path, CgroupMaker::systemd, order, directory, state));
  made.placeholder.emplace(std::move(scope.placeholder));
  return made;
}

}  // namespace caisson::runtime
