// SPDX-License-Identifier: Apache-2.0
// Makes what mounts will need in a read-only root file system, on the host, as runc does: the guest itself
// gets it without the right to write. Every path is resolved inside the root, symbolic links too.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

// Directories (for a bound file: an empty file) at the destinations, the working directory and, unless it is
// empty, `notify_directory` (sandbox/service_manager.h). What another mount will cover is left to the guest.
Result<void> make_mount_points(const std::string& rootfs, const oci::Config& config,
                               const std::string& bundle, const std::string& notify_directory);

}  // namespace caisson::runtime
