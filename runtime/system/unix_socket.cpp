// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/unix_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstring>

#include "common/socket_path.h"

namespace caisson::runtime {

Result<UniqueFd> connect_unix(const std::string& path) {
  const SocketPath place = TRY(SocketPath::of(path));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return fail_errno("make socket");
  }
  // A listener that accepts nobody, or reads nothing, must not hold us for ever.
  constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  if (::connect(socket.get(), place.address(), SocketPath::size()) < 0) {
    return fail_errno("connect to " + path);
  }
  return socket;
}

Result<void> send_descriptors(int socket, std::span<const int> fds, std::string_view text) {
  if (fds.empty() || fds.size() > kMostSent) {
    return fail(E2BIG, "send descriptors: their number is not 1 to " + std::to_string(kMostSent));
  }
  iovec data{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
    return fail_errno("send descriptors");
  }
  return {};
}

Result<void> send_descriptor(int socket, int fd, std::string_view text) {
  return send_descriptors(socket, std::span(&fd, 1), text);
}

Result<void> send_pidfd(const std::string& path, int pidfd) {
  const UniqueFd listener = TRY(connect_unix(path));
  return send_descriptor(listener.get(), pidfd, "pidfd");
}

}  // namespace caisson::runtime
