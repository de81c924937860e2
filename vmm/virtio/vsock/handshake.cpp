// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/handshake.h"

#include <sys/socket.h>

#include <array>
#include <charconv>

#include "protocol/sandbox/guest_port.h"

namespace caisson::vmm::vsock {

Result<uint32_t> parse_connect(std::string_view line) {
  if (!line.starts_with(guest_port::kConnect)) {
    return fail(EPROTO, "connect to guest: the first line must be CONNECT <port>");
  }
  line.remove_prefix(guest_port::kConnect.size());
  uint32_t port = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), port);
  // 0xffffffff is VMADDR_PORT_ANY and no port.
  if (error != std::errc() || end != line.data() + line.size() || port == UINT32_MAX) {
    return fail(EPROTO, "connect to guest: the port must be a number below 4294967295");
  }
  return port;
}

Result<std::optional<uint32_t>> receive_connect(int socket) {
  std::array<char, kMaxConnectLine> bytes{};
  const ssize_t n = ::recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return std::nullopt;
    }
    return fail_errno("connect to guest");
  }
  const std::string_view seen(bytes.data(), static_cast<size_t>(n));
  const size_t newline = seen.find('\n');
  if (newline == std::string_view::npos) {
    if (n == 0) {
      return fail(ECONNRESET, "connect to guest: the client has gone");
    }
    if (seen.size() == bytes.size()) {
      return fail(EPROTO, "connect to guest: the first line is too long");
    }
    return std::nullopt;
  }
  const uint32_t port = TRY(parse_connect(seen.substr(0, newline)));
  // What was peeked is there: this takes exactly the line.
  if (::recv(socket, bytes.data(), newline + 1, MSG_DONTWAIT) != static_cast<ssize_t>(newline + 1)) {
    return fail_errno("connect to guest");
  }
  return port;
}

std::string connect_answer(uint32_t host_port) {
  return std::string(guest_port::kConnected) + std::to_string(host_port) + "\n";
}

}  // namespace caisson::vmm::vsock
