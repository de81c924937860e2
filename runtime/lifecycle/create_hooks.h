// SPDX-License-Identifier: Apache-2.0
// Hooks of kind createContainer: programs of the host, which find the container's files where the runtime has
// them. [oci] config.md, "createContainer Hooks": "The createContainer hooks' path MUST resolve in the
// runtime namespace. The createContainer hooks MUST be executed in the container namespace." A container's
// namespaces are its guest's, where no program of the host runs; of those that the host has for it (its
// network, and its files in a mount namespace) they are executed in copies (docs/oci-support.md, "Hooks").
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "protocol/launch/launch_spec.h"
#include "runtime/bundle/exports.h"
#include "runtime/lifecycle/hooks.h"

namespace caisson::runtime {

struct ContainerOnHost {
  const Exports& exports;
  const std::vector<LaunchSpec::ViewMount>& view;  // the root file system first
  const std::string& rootfs;                       // where it lies
  pid_t vmm = -1;
};

// Like run_hooks().
Result<void> run_create_container_hooks(const std::vector<oci::Hook>& hooks, const HookScene& scene,
                                        const ContainerOnHost& container);

}  // namespace caisson::runtime
