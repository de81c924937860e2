// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/update.h"

#include <unistd.h>

#include <algorithm>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/bundle/guest_resources.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/cgroup/scope.h"
#include "runtime/launch/control.h"
#include "runtime/lifecycle/growth.h"
#include "runtime/oci/config.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

Result<oci::Resources> wanted(const UpdateOptions& options) {
  if (options.file.empty()) {
    return resources_of(options);
  }
  return oci::parse_resources(TRY(options.file == "-"
                                      ? read_all(STDIN_FILENO, "standard input", oci::kMaxDocumentBytes)
                                      : read_file(options.file, oci::kMaxDocumentBytes)));
}

Result<void> update_host(const oci::Resources& resources, const ContainerState& state) {
  // What a guest has once taken stays its own.
  const uint64_t memory_bytes = std::max(state.guest.ram.usable_bytes, state.guest.by_need_bytes);
  if (!state.systemd_unit.empty()) {
    TRY(update_scope(state.systemd_unit, TRY(cgroup_writes(resources, memory_bytes))));
  }
  return update_cgroup(state.cgroup_path, resources, memory_bytes);
}

// ORDERING: on record, then allowed by the host, then in use by the guest. Who comes after an update that was
// killed in between never finds a guest larger than is known.
Result<void> carry_out(const oci::Resources& resources, const ContainerDirectory& directory,
                       ContainerState& state) {
  agent::v1::Resources in_guest;
  TRY(fill_resources(resources, in_guest));
  state.guest = TRY(grown_for(resources, state.guest, state.cpu_time));
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kAwakePatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  TRY(directory.save(state));
  TRY(update_host(resources, state));
  const auto blocks = guest_layout::blocks_of(state.guest.ram);
  if (!blocks.empty() || state.guest.max_cpus > 1) {
    TRY(agent.grow_machine(blocks, state.guest.cpus, deadline));
  }
  return agent.update_container(state.id, in_guest, deadline);
}

}  // namespace

CpuTime cpu_time_after(const oci::Resources& resources, const CpuTime& in_force) {
  if (!resources.cpu || resources.cpu->quota.value_or(0) == 0) {
    return in_force;
  }
  return {.quota_us = *resources.cpu->quota, .period_us = resources.cpu->period.value_or(in_force.period_us)};
}

Result<void> update_container(const StateRoot& root, const std::string& id, const UpdateOptions& options) {
  const LockedContainer locked = TRY(root.lock(id));
  ContainerState state = TRY(locked.directory().load());
  if (state.current_status() == Status::stopped) {
    return fail(ESRCH, "container not running");
  }
  oci::Resources resources = TRY(wanted(options));
  complete_quota(resources, state.cpu_time);
  TRY(carry_out(resources, locked.directory(), state));
  const CpuTime after = cpu_time_after(resources, state.cpu_time);
  if (after == state.cpu_time) {
    return {};
  }
  state.cpu_time = after;
  return locked.directory().save(state);
}

}  // namespace caisson::runtime
