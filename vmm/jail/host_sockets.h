// SPDX-License-Identifier: Apache-2.0
// Unix sockets of the host that are mounts of the container. connect(2) needs a path, and the root of
// caisson-vmm is empty. So each socket, and nothing else, is mounted in that root, under a name that
// caisson-vmm gives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

struct HostSocket {
  uint32_t port = 0;  // by which the guest reaches the socket; also its name
  UniqueFd tree;      // a mount of the socket, in no namespace
};
using HostSockets = std::vector<HostSocket>;

// Mounts the sockets in `root`, the later empty root, which can still be written.
Result<void> mount_host_sockets(const std::string& root, const HostSockets& sockets);

// Inside the jail: connects to the server that listens on the socket now. Does not wait: EAGAIN if too many
// connections wait for that server. EPROTOTYPE if it is no stream socket.
Result<UniqueFd> dial_host_socket(uint32_t port);

}  // namespace caisson::vmm
