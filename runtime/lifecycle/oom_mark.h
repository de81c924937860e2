// SPDX-License-Identifier: Apache-2.0
// How podman before version 5 learns of an OOM kill. It looks for a file `oom` in the bundle, but its
// monitor, conmon, leaves that mark in the directory that podman was called in (with every runtime; later
// versions agree on another place, and need only what vmm/sandbox/host_oom_kill does). So `oom` becomes a
// link to a directory that caisson-vmm makes among its outputs (protocol/sandbox/files.h): the machine never
// gets to write into the bundle. The link ends in "/.", so that it leads to no file. If conmon creates a file
// `oom` in the bundle, an intruder in caisson-vmm cannot lead it elsewhere. Bundles of other owners are left
// alone.
#pragma once

#include <string>

#include "runtime/oci/config.h"

namespace caisson::runtime {

// Called by create. A bundle that cannot be written to costs only the mark: a warning.
void link_oom_mark(const oci::Config& config, const std::string& bundle, const std::string& output_directory);

}  // namespace caisson::runtime
