// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/guest_ports.h"

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

namespace caisson::vmm::vsock {

// The handler is moved from, in an expression that clang-tidy 14 does not see.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
Result<void> GuestPorts::handle(uint32_t port, Handler handler) {
  if (port >= kEnd) {
    return fail(EINVAL, "listen on host port " + std::to_string(port) + ": it is not below 2^30");
  }
  if (!handler) {
    handlers_.erase(port);
    return {};
  }
  if (!handlers_.try_emplace(port, std::move(handler)).second) {
    return fail(EADDRINUSE, "listen on host port " + std::to_string(port) + ": it has a handler");
  }
  return {};
}

Result<void> GuestPorts::forward(uint32_t port, Dial dial) {
  if (port >= kEnd || handlers_.contains(port)) {
    return fail(EINVAL,
                "forward host port " + std::to_string(port) + ": it is not below 2^30, or has a handler");
  }
  forwarded_.insert_or_assign(port, std::move(dial));
  return {};
}

Result<GuestPorts::Opened> GuestPorts::open(uint32_t port) const {
  if (const auto forwarded = forwarded_.find(port); forwarded != forwarded_.end()) {
    return Opened{.socket = TRY(forwarded->second()), .tell = {}};
  }
  const auto handler = handlers_.find(port);
  if (handler == handlers_.end()) {
    return fail(ECONNREFUSED, "connect the guest to host port " + std::to_string(port) + ": nobody listens");
  }
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    return fail_errno("connect the guest to host port " + std::to_string(port));
  }
  UniqueFd ours(ends[0]);
  const auto theirs = std::make_shared<UniqueFd>(ends[1]);
  return Opened{.socket = std::move(ours),
                .tell = [accept = handler->second, theirs] { accept(std::move(*theirs)); }};
}

}  // namespace caisson::vmm::vsock
