// SPDX-License-Identifier: Apache-2.0
// Makes a container: from a bundle to a guest whose first process waits for `start`. The steps are those of
// docs/launch.md; whatever fails, nothing is left behind.
#pragma once

#include <optional>
#include <string>

#include "common/log/log.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent_client.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/launch/preserved_descriptors.h"
#include "runtime/launch/vmm_process.h"
#include "runtime/oci/config.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

struct CreateRequest {
  std::string id;
  std::string bundle;       // absolute
  std::string config_text;  // of config.json
  std::string pid_file;
  std::string console_socket;
  bool detached = true;  // false: the caller relays a terminal and waits for the end
  bool keep = true;      // false: the caller deletes it then
  std::string pidfd_socket;
  PreservedCount preserved_count;
  std::vector<PreservedDescriptor> preserved;
  LogOptions log;
  bool systemd_cgroup = false;
  CgroupPolicy cgroup_policy = CgroupPolicy::required;
  bool ephemeral_overlay = false;  // see RequestSpec
  bool shared_root = false;
};

struct CreatedContainer {
  LockedContainer locked;
  ContainerState state;
  oci::Config config;
  VmmProcess vmm;            // released: caisson-vmm lives on
  agent::AgentClient agent;  // the connection by which the container was made
  UniqueFd pty_master;       // when the caller relays a terminal
};

// A signal that asks caisson to end, while the guest boots or a hook runs, is an error like any other.
Result<CreatedContainer> create_container(const StateRoot& root, const CreateRequest& request,
                                          const CaughtSignals& signals);

// Reads the configuration; a relative `name` counts from the bundle.
Result<std::string> read_bundle_config(const std::string& bundle, const std::string& name);

}  // namespace caisson::runtime
