// SPDX-License-Identifier: Apache-2.0
// The file system that stands at /proc where the host joins the container's mount namespace (podman top): a
// FUSE mount that nobody can write, whose links lead nowhere, and which is gone with its device's last
// descriptor. For vmm/sandbox, before the jail.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

struct ProcMount {
  UniqueFd device;  // /dev/fuse, non-blocking: the server's end (vmm/proc_view/server.h)
  UniqueFd tree;    // the mount, in no namespace
};

// Whoever looks into it waits for the server: nothing of caisson-vmm's own may.
Result<ProcMount> make_proc_mount();

}  // namespace caisson::vmm
