// SPDX-License-Identifier: Apache-2.0
// What a create is going to do, decided before anything on the host changes. Every mistake in the bundle, the
// settings or the environment is found here. create.cpp carries the plan out.
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
  UniqueFd network;                            // VmmSpec::network_namespace; none: a new one
  CgroupName cgroup;

  // The place of sd_notify's socket in the container. Empty: there is none.
  [[nodiscard]] std::string notify_directory() const {
    return service_manager ? service_manager->directory : std::string();
  }
};

// `state_root` goes into the names of cgroups.
Result<CreatePlan> plan_create(const CreateRequest& request, const std::string& state_root);

// The container's record before it has a machine.
Result<ContainerState> initial_state(const CreateRequest& request, const CreatePlan& plan);

// The launch document, without what comes from the state directory, the clock and the cgroup. Its descriptors
// go into `descriptors`.
LaunchSpec launch_spec(const CreateRequest& request, const CreatePlan& plan, DescriptorList& descriptors);

}  // namespace caisson::runtime
