// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/host_sockets.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace caisson::vmm {
namespace {

std::string path_of(uint32_t port) {
  return "/socket" + std::to_string(port);
}

}  // namespace

Result<void> mount_host_sockets(const std::string& root, const HostSockets& sockets) {
  for (const HostSocket& socket : sockets) {
    const std::string place = root + path_of(socket.port);
    const UniqueFd file(::open(place.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
    // glibc 2.36 has a wrapper for it, in a header that clashes with linux/mount.h.
    if (!file || ::syscall(SYS_move_mount, socket.tree.get(), "", AT_FDCWD, place.c_str(),
                           MOVE_MOUNT_F_EMPTY_PATH) < 0) {
      return fail_errno("mount a socket of the host in the empty root");
    }
  }
  return {};
}

Result<UniqueFd> dial_host_socket(uint32_t port) {
  const std::string path = path_of(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    return fail_errno("connect to a socket of the host");
  }
  return socket;
}

}  // namespace caisson::vmm
