// SPDX-License-Identifier: Apache-2.0
// What a person may choose about a container's machine, from the environment, annotations and limits, in this
// order. docs/configuration.md describes what is read here.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/result.h"
#include "protocol/launch/launch_spec.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

struct MachineSettings {
  Hypervisor hypervisor = Hypervisor::automatic;
  MachineSpec machine;                    // without kernel and initramfs (installed_files.h)
  bool grows_by_need = false;             // see guest_size.h
  uint32_t hang_seconds = 0;              // see LaunchSpec
  std::chrono::seconds boot_patience{0};  // from the machine's start to the agent's first word
};

Result<MachineSettings> machine_settings(const oci::Config& config);

// $CAISSON_HOST_NETWORK: whether a container that asks for the host's network gets its guest's loopback alone
// instead of being refused.
Result<bool> loopback_for_host_network();

}  // namespace caisson::runtime
