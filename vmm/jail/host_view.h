// SPDX-License-Identifier: Apache-2.0
// What the host finds in caisson-vmm's mount namespace. Engines join the mount namespace of a container's
// process to copy files in and out (podman cp); they shall find the container's files there, not nothing and
// not the host's. Laid out by the jail over the empty root, so that whoever joins stands on top of it and
// caisson-vmm itself beneath, where none of it can be reached. File systems of the guest cannot be shown, but
// for its processes (vmm/proc_view): their places are empty and read-only, so that a copy to them fails
// instead of vanishing.
#pragma once

#include <vector>

#include "common/result.h"
#include "common/tree_layout.h"

namespace caisson::vmm {

using HostViewMount = PlacedTree;  // without a tree: a file system of the guest
using HostView = std::vector<HostViewMount>;

// The working directory and root must be the empty root already. What has no place in the root file system,
// or one of the wrong kind, is left out: the guest's agent makes the one and refuses the other.
Result<void> lay_out_view(HostView view);

}  // namespace caisson::vmm
