// SPDX-License-Identifier: Apache-2.0
// Turns the exports of the launch document into what the file server serves: each a private, detached copy of
// its mount, so that nothing above the exported directory can be reached from it, not even by "..".
#pragma once

#include <vector>

#include "protocol/launch/launch_spec.h"
#include "vmm/jail/host_sockets.h"
#include "vmm/jail/host_view.h"
#include "vmm/virtio/fs/export.h"

namespace caisson::vmm {

struct DetachedExports {
  std::vector<fs::Export> served;
  HostView view;        // copies of the mounts: the file server never meets what is mounted on them
  HostSockets sockets;  // likewise
};

// Takes over the descriptors named in `spec`. Needs CAP_SYS_ADMIN in the mount namespace's user namespace.
Result<DetachedExports> detach_exports(const LaunchSpec& spec);

}  // namespace caisson::vmm
