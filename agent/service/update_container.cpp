// SPDX-License-Identifier: Apache-2.0
// UpdateContainer: new limits for a container, running or not.
#include "agent/cgroup/device_rules.h"
#include "agent/cgroup/limits.h"
#include "agent/service/calls.h"

namespace caisson::agent {

Result<void> apply_resources(const Container& container, const v1::Resources& resources) {
  TRY(apply_limits(*container.cgroup, resources));
  if (resources.device_rules().empty()) {
    return {};
  }
  return attach_device_filter(*container.cgroup, TRY(device_matches(resources)));
}

namespace {

Result<void> update(Agent& agent, const v1::UpdateContainerRequest& request) {
  Container* const container = TRY(agent.containers().find(request.container()));
  if (!container->cgroup) {
    return fail(EOPNOTSUPP, "update container " + container->id + ": the guest has no cgroups");
  }
  TRY(apply_resources(*container, request.resources()));
  if (request.resources().unified().contains("memory.high")) {
    container->spare_memory.reset();  // the mark is the host's own from now on
  }
  return {};
}

}  // namespace

void update_container(Agent& agent, const v1::UpdateContainerRequest& request, ttrpc::Responder responder) {
  answer(responder, update(agent, request));
}

}  // namespace caisson::agent
