// SPDX-License-Identifier: Apache-2.0
// How podman learns of an OOM kill inside the guest. Its monitor, conmon, creates the file `oom` in the
// bundle when the container's cgroup of the host counts a kill; podman looks whether it is there. The guest's
// kills are counted in the guest, so `oom` is made a link to a file that caisson-vmm creates in the state
// directory (vmm/supervisor/exit_record): the machine never gets to write into the bundle. Bundles of other
// owners are left alone.
#pragma once

#include <string>

#include "runtime/oci/config.h"

namespace caisson::runtime {

// Called by create. A bundle that cannot be written to costs only the mark: a warning.
void link_oom_mark(const oci::Config& config, const std::string& bundle, const std::string& state_directory);

}  // namespace caisson::runtime
