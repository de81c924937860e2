// SPDX-License-Identifier: Apache-2.0
#include "runtime/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace caisson::runtime {

Result<UniqueFd> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string short_path = path;
  UniqueFd directory;
  if (path.size() >= sizeof(address.sun_path)) {
    // A path too long for the address goes by its directory's descriptor.
    const size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    directory.reset(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) {
      return fail_errno("open " + parent);
    }
    short_path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + path.substr(slash + 1);
    if (short_path.size() >= sizeof(address.sun_path)) {
      return fail(ENAMETOOLONG, "connect to " + path + ": the name is too long");
    }
  }
  std::memcpy(address.sun_path, short_path.data(), short_path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return fail_errno("make socket");
  }
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
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

}  // namespace caisson::runtime
