// SPDX-License-Identifier: Apache-2.0
// Reaching a vsock port of the guest through the sandbox's Unix socket: "CONNECT <port>\n" is answered by
// "OK <host port>\n" (docs/launch.md; partner: vmm/virtio/vsock).
#include "protocol/sandbox/guest_port.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "common/socket_path.h"
#include "protocol/agent/agent_client.h"
#include "protocol/agent/names.h"

namespace caisson::agent {
namespace {

// LIMIT: "OK 4294967295\n" is the longest answer there is.
constexpr size_t kMaxAnswerBytes = 32;
// LIMIT: streams that are asked for before the first is waited for: the usual three; the agent holds few that
// have not said which they are (agent/service/stream_port.cpp).
constexpr size_t kAskedAtOnce = 4;

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

// Looks before it takes: what follows the line belongs to the connection's user.
Result<std::string> read_line(int fd, Deadline deadline) {
  std::string line;
  std::array<char, kMaxAnswerBytes> seen{};
  while (line.size() < kMaxAnswerBytes) {
    pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
    const auto left = deadline == kNoDeadline
                          ? -1
                          : static_cast<int>(std::min<int64_t>(time_left(deadline).count(), INT_MAX));
    const int ready = ::poll(&watched, 1, left);
    if (ready == 0) {
      return fail(ETIMEDOUT, "no answer in time");
    }
    const ssize_t n = ready < 0 ? -1 : ::recv(fd, seen.data(), kMaxAnswerBytes - line.size(), MSG_PEEK);
    if (n == 0) {
      return fail(ECONNREFUSED, "the guest does not listen on that port");
    }
    if (n < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail_errno("read");
    }
    const std::string_view there(seen.data(), static_cast<size_t>(n));
    const size_t end = std::min(there.find('\n'), there.size());
    const size_t taken = std::min(end + 1, there.size());
    // They are there, so all of them come.
    if (::recv(fd, seen.data(), taken, 0) != static_cast<ssize_t>(taken)) {
      return fail_errno("read");
    }
    line += there.substr(0, end);
    if (end < there.size()) {
      return line;
    }
  }
  return fail(EPROTO, "answer too long");
}

std::string connecting_to(uint32_t port) {
  return "connect to guest port " + std::to_string(port);
}

Result<UniqueFd> ask_for_port(std::string_view vsock_socket_path, uint32_t port, Deadline deadline) {
  UniqueFd fd = TRY(connect_unix(vsock_socket_path, deadline));
  TRY_CONTEXT(connecting_to(port),
              send_all(fd.get(), std::string(guest_port::kConnect) + std::to_string(port) + "\n"));
  return fd;
}

Result<void> await_port(int fd, uint32_t port, Deadline deadline) {
  const std::string answer = TRY_CONTEXT(connecting_to(port), read_line(fd, deadline));
  if (!answer.starts_with(guest_port::kConnected)) {
    return fail(EPROTO, connecting_to(port) + ": unexpected answer");
  }
  return {};
}

}  // namespace

Result<UniqueFd> connect_guest_port(std::string_view vsock_socket_path, uint32_t port, Deadline deadline) {
  UniqueFd fd = TRY(ask_for_port(vsock_socket_path, port, deadline));
  TRY(await_port(fd.get(), port, deadline));
  return fd;
}

Result<std::vector<UniqueFd>> open_streams(std::string_view vsock_socket_path,
                                           std::span<const StreamHello> hellos, Deadline deadline) {
  std::vector<UniqueFd> streams;
  for (size_t i = 0; i < hellos.size(); ++i) {
    while (streams.size() < std::min(i - i % kAskedAtOnce + kAskedAtOnce, hellos.size())) {
      streams.push_back(TRY(ask_for_port(vsock_socket_path, kStreamPort, deadline)));
    }
    TRY(await_port(streams[i].get(), kStreamPort, deadline));
    std::string bytes(sizeof(StreamHello), '\0');
    std::memcpy(bytes.data(), &hellos[i], sizeof(StreamHello));
    TRY_CONTEXT("open stream", send_all(streams[i].get(), bytes));
  }
  return streams;
}

}  // namespace caisson::agent
