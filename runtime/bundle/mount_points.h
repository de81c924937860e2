// SPDX-License-Identifier: Apache-2.0
// Makes what mounts will need in a read-only root file system, on the host, as runc does: the guest itself
// gets it without the right to write. Every path is resolved inside the root, symbolic links too. The root
// may belong to somebody who changes it meanwhile: nothing in it is named twice.
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
// empty, `notify_directory` (launch/service_manager.h). What another mount will cover is left to the guest.
// `exports` and `request` are of plan_container(); the request learns of the places that are new.
Result<void> make_mount_points(const Exports& exports, const oci::Config& config,
                               const std::string& notify_directory,
                               agent::v1::CreateContainerRequest& request);

}  // namespace caisson::runtime
