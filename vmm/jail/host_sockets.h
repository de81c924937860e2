// SPDX-License-Identifier: Apache-2.0
// Unix sockets of the host that the container has mounts of. connect(2) wants a name, and caisson-vmm's root
// is empty: so each, and nothing beside it, is mounted there, under a name of ours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

struct HostSocket {
  uint32_t port = 0;  // by which the guest reaches it; its name, too
  UniqueFd tree;      // a mount of the socket, in no namespace
};
using HostSockets = std::vector<HostSocket>;

// In `root`, which is to become the empty root and can be written still.
Result<void> mount_host_sockets(const std::string& root, const HostSockets& sockets);

// Inside the jail: a connection to whoever listens on it now. Does not wait: EAGAIN where that one has too
// many waiting. EPROTOTYPE where it is no stream socket.
Result<UniqueFd> dial_host_socket(uint32_t port);

}  // namespace caisson::vmm
