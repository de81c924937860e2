// SPDX-License-Identifier: Apache-2.0
// Turns the exports of the launch document into what the file server serves: each a private, detached copy of
// its mount, so that nothing above the exported directory can be reached from it, not even by "..".
#pragma once

#include <vector>

#include "common/launch/launch_spec.h"
#include "vmm/devices/virtio/fs/export.h"

namespace caisson::vmm {

// Takes over the descriptors named in `exports`. Needs CAP_SYS_ADMIN in the mount namespace's user namespace.
Result<std::vector<fs::Export>> detach_exports(const std::vector<LaunchSpec::Export>& exports);

}  // namespace caisson::vmm
