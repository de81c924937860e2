// SPDX-License-Identifier: Apache-2.0
// What the host finds in caisson-vmm's mount namespace. Engines join the mount namespace of a container's
// process to copy files in and out (podman cp). They must find the container's files there, and not the
// host's. The jail lays the view over the empty root. A process that joins arrives on top of it. caisson-vmm
// itself stands beneath, and can reach none of it. File systems of the guest cannot be shown, except for its
// processes (vmm/proc_view): their places are empty and read-only, so that a copy to them fails instead of
// vanishing.
#pragma once

#include <vector>

#include "common/result.h"
#include "common/tree_layout.h"

namespace caisson::vmm {

using HostViewMount = PlacedTree;  // without a tree: a file system of the guest
using HostView = std::vector<HostViewMount>;

// The working directory and root must be the empty root already. A mount whose place in the root file system
// is missing, or of the wrong kind, is left out: the guest's agent makes a missing place, and refuses a wrong
// one.
Result<void> lay_out_view(HostView view);

}  // namespace caisson::vmm
