// SPDX-License-Identifier: Apache-2.0
// What a create is going to do, decided before anything of the host changes: whatever the bundle, the
// settings or the environment have wrong is found here. Carried out by create.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/exports.h"
#include "runtime/launch/descriptor_list.h"
#include "runtime/launch/installed_files.h"
#include "runtime/launch/sandbox_cgroup.h"
#include "runtime/launch/service_manager.h"
#include "runtime/launch/settings.h"
#include "runtime/lifecycle/create.h"
#include "runtime/oci/config.h"
#include "runtime/state/container_state.h"

namespace caisson::runtime {

struct CreatePlan {
  oci::Config config;
  InstalledFiles files;
  MachineSettings settings;
  std::optional<ServiceManager> service_manager;
  Exports exports;                             // opened
  agent::v1::CreateContainerRequest in_guest;  // what the agent is asked
  std::vector<LaunchSpec::ViewMount> view;     // LaunchSpec::view
  UniqueFd network;                            // VmmSpawn::network_namespace; none: a new one
  CgroupName cgroup;

  // Where sd_notify's socket lies in the container; empty: nowhere.
  [[nodiscard]] std::string notify_directory() const {
    return service_manager ? service_manager->directory : std::string();
  }
};

// `state_root`: of the containers, which goes into the names of cgroups.
Result<CreatePlan> plan_create(const CreateRequest& request, const std::string& state_root);

// What is on record of the container before it has a machine.
Result<ContainerState> initial_state(const CreateRequest& request, const CreatePlan& plan);

// The launch document but for what is of the state directory, the clock and the cgroup; its descriptors go
// into `descriptors`.
LaunchSpec launch_spec(const CreateRequest& request, const CreatePlan& plan, DescriptorList& descriptors);

}  // namespace caisson::runtime
