// SPDX-License-Identifier: Apache-2.0
// The file system that stands at /proc where the host joins the container's mount namespace (podman top): a
// FUSE mount that no process can write to, and whose links lead nowhere. It goes with the last descriptor of
// its device. Made before the jail.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

struct ProcMount {
  UniqueFd device;  // /dev/fuse, non-blocking: the server's end (vmm/proc_view/server.h)
  UniqueFd tree;    // the mount, in no namespace
};

// A process that looks into the mount waits for the server. So caisson-vmm itself must never look.
Result<ProcMount> make_proc_mount();

}  // namespace caisson::vmm
