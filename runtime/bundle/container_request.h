// SPDX-License-Identifier: Apache-2.0
// From a validated bundle to what the guest is asked to make of it: the CreateContainer request, and the
// exports it names. All decisions about mounts and namespaces are made here (docs/oci-support.md).
#pragma once

#include <memory>
#include <string>

#include "common/result.h"
#include "runtime/bundle/exports.h"
#include "runtime/oci/config.h"

namespace caisson::agent::v1 {
class CreateContainerRequest;
}

namespace caisson::runtime {

// The name of a container's first process; exec'd ones have random names.
inline constexpr uint64_t kInitProcess = 1;

struct RequestSpec {
  const oci::Config& config;
  std::string id;
  std::string bundle;              // absolute
  bool ephemeral_overlay = false;  // `do`: writes go to a throw-away layer in the guest
  bool shared_root = false;        // `do`: the root is the host's, others write it meanwhile
};

// An absolute path of the bundle's root file system.
[[nodiscard]] std::string rootfs_path(const oci::Config& config, const std::string& bundle);

// Opens the exports and fills the request. The caller adds the state document for the hooks.
Result<void> plan_container(const RequestSpec& source, Exports& exports,
                            agent::v1::CreateContainerRequest& out);

}  // namespace caisson::runtime
