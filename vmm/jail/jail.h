// SPDX-License-Identifier: Apache-2.0
// What caisson-vmm gives up before it reads the guest's first byte: the host's file system tree, every
// capability but those of a file server, new privileges, and all system calls it does not need. Called once
// by vmm/sandbox, when everything of the host has been opened; threads started later inherit it. Nothing of
// it can be taken back.
#pragma once

#include <string>

#include "common/result.h"
#include "vmm/jail/host_sockets.h"
#include "vmm/jail/host_view.h"

namespace caisson::vmm {

enum class JailKind {
  own_machine,    // KVM: ioctls of vCPUs
  child_machine,  // QEMU: a child of another user to signal and reap
};

// `scratch` is any existing directory: the new, empty root is mounted over it in a mount namespace that no
// other process sees, with `view` on top for those who join it. `sockets` lie in the root. If there are any,
// Unix sockets may be made and connected. A failure leaves the process half confined: the caller must end it.
Result<void> enter_jail(JailKind kind, const std::string& scratch, HostView view,
                        const HostSockets& sockets = {});

}  // namespace caisson::vmm
