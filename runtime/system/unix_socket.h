// SPDX-License-Identifier: Apache-2.0
// Connections to Unix sockets named by paths of any length, and a descriptor sent over one. Used for console
// sockets and caisson-vmm's control socket.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

Result<UniqueFd> connect_unix(const std::string& path);

// One message with one descriptor; `text` goes with it.
Result<void> send_descriptor(int socket, int fd, std::string_view text);
// One message with several descriptors, at most kMostSent.
inline constexpr size_t kMostSent = 64;
Result<void> send_descriptors(int socket, std::span<const int> fds, std::string_view text);

// Sends a pidfd to the server that listens at `path`, as runc's --pidfd-socket does.
Result<void> send_pidfd(const std::string& path, int pidfd);

}  // namespace caisson::runtime
