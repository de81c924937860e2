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

Result<void> send_descriptor(int socket, int fd, std::string_view text) {
  iovec data{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    return fail_errno("send descriptor");
  }
  return {};
}

Result<void> send_pidfd(const std::string& path, int pidfd) {
  const UniqueFd listener = TRY(connect_unix(path));
  return send_descriptor(listener.get(), pidfd, "pidfd");
}

}  // namespace caisson::runtime
