// SPDX-License-Identifier: Apache-2.0
// The sockets on which the agent listens and to which it connects: vsock in the guest, Unix sockets under
// test. Addresses: "vsock:<port>" to listen, "vsock:<cid>:<port>" to connect, "unix:<path>".
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

// A listening non-blocking stream socket.
Result<UniqueFd> listen_on(const std::string& address);

// A non-blocking stream socket whose connection may still be under way: writable means connected, or failed
// (SO_ERROR).
Result<UniqueFd> connect_to(const std::string& address);

}  // namespace caisson::agent
