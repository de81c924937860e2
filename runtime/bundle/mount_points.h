// SPDX-License-Identifier: Apache-2.0
// Makes the mount points in a read-only root file system, on the host, as runc does: the guest may not write
// there. Every path is resolved inside the root, symbolic links too. The owner of the root may change it
// meanwhile, so no name in it is used twice.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/bundle/exports.h"
#include "runtime/oci/config.h"

namespace caisson::agent::v1 {
class CreateContainerRequest;
}

namespace caisson::runtime {

// Directories (for a bound file: an empty file) at the destinations, the working directory and, unless it is
// empty, `notify_directory` (launch/service_manager.h). The guest makes the places that another mount will
// cover. `exports` and `request` come from plan_container(). The new places are added to the request.
Result<void> make_mount_points(const Exports& exports, const oci::Config& config,
                               const std::string& notify_directory,
                               agent::v1::CreateContainerRequest& request);

}  // namespace caisson::runtime
