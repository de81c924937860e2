// SPDX-License-Identifier: Apache-2.0
// Reaching a vsock port of the guest through the sandbox's Unix socket: "CONNECT <port>\n" is answered by
// "OK <host port>\n" (docs/launch.md; partner: vmm/virtio/vsock).
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "common/socket_path.h"
#include "protocol/agent/agent_client.h"
#include "protocol/agent/names.h"

namespace caisson::agent {
namespace {

// LIMIT: "OK 4294967295\n" is the longest answer there is.
constexpr size_t kMaxAnswerBytes = 32;

std::chrono::milliseconds time_left(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

// connect(2) to a Unix socket waits, while the listener's backlog is full, for at most SO_SNDTIMEO.
Result<void> connect_by(int fd, const SocketPath& place, Deadline deadline) {
  timeval limit{};
  if (deadline != kNoDeadline) {
    const auto left = std::max(time_left(deadline), std::chrono::milliseconds(1));
    limit.tv_sec = left.count() / 1000;
    limit.tv_usec = left.count() % 1000 * 1000;
  }
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(fd, place.address(), SocketPath::size()) < 0) {
    return errno == EAGAIN ? fail(ETIMEDOUT, "nobody accepted in time") : fail_errno("connect");
  }
  limit = {};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return {};
}

Result<UniqueFd> connect_unix(std::string_view path, Deadline deadline) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) {
    return fail_errno("create socket");
  }
  const SocketPath place = TRY(SocketPath::of(std::string(path)));
  TRY_CONTEXT(path, connect_by(fd.get(), place, deadline));
  return fd;
}

Result<void> send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) {
      return fail_errno("send");
    }
    bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  return {};
}

// One byte a time: what follows the line belongs to the connection's user.
Result<std::string> read_line(int fd, Deadline deadline) {
  std::string line;
  while (line.size() < kMaxAnswerBytes) {
    pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
    const auto left = deadline == kNoDeadline
                          ? -1
                          : static_cast<int>(std::min<int64_t>(time_left(deadline).count(), INT_MAX));
    const int ready = ::poll(&watched, 1, left);
    if (ready == 0) {
      return fail(ETIMEDOUT, "no answer in time");
    }
    char byte = 0;
    const ssize_t n = ready < 0 ? -1 : ::recv(fd, &byte, 1, 0);
    if (n == 0) {
      return fail(ECONNREFUSED, "the guest does not listen on that port");
    }
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail_errno("read");
    }
    if (byte == '\n') {
      return line;
    }
    line += byte;
  }
  return fail(EPROTO, "answer too long");
}

}  // namespace

Result<UniqueFd> connect_guest_port(std::string_view vsock_socket_path, uint32_t port, Deadline deadline) {
  UniqueFd fd = TRY(connect_unix(vsock_socket_path, deadline));
  const std::string what = "connect to guest port " + std::to_string(port);
  TRY_CONTEXT(what, send_all(fd.get(), "CONNECT " + std::to_string(port) + "\n"));
  const std::string answer = TRY_CONTEXT(what, read_line(fd.get(), deadline));
  if (!answer.starts_with("OK ")) {
    return fail(EPROTO, what + ": unexpected answer");
  }
  return fd;
}

Result<UniqueFd> open_stream(std::string_view vsock_socket_path, const StreamHello& hello,
                             Deadline deadline) {
  UniqueFd fd = TRY(connect_guest_port(vsock_socket_path, kStreamPort, deadline));
  std::string bytes(sizeof(hello), '\0');
  std::memcpy(bytes.data(), &hello, sizeof(hello));
  TRY_CONTEXT("open stream", send_all(fd.get(), bytes));
  return fd;
}

}  // namespace caisson::agent
