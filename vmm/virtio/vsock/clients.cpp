// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/clients.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/socket_path.h"
#include "vmm/virtio/vsock/handshake.h"

namespace caisson::vmm::vsock {

Clients::Clients(EventLoop& loop, Room room, Ready ready)
    : loop_(loop), room_(std::move(room)), ready_(std::move(ready)) {}

Result<void> Clients::listen(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return fail_errno("create socket " + path);
  }
  const SocketPath place = TRY(SocketPath::of(path));
  // The mode of an unbound socket becomes the mode of its file: nobody else can slip in before a chmod.
  if (::fchmod(socket.get(), 0600) < 0 || ::bind(socket.get(), place.address(), SocketPath::size()) < 0 ||
      ::listen(socket.get(), SOMAXCONN) < 0) {
    return fail_errno("create socket " + path);
  }
  listen(std::move(socket));
  return {};
}

void Clients::listen(UniqueFd socket) {
  assert(!listener_);
  listener_ = std::move(socket);
  update();
}

void Clients::update() {
  const bool wanted =
      listener_ && !accept_again_.is_pending() && handshakes_.size() < std::min(kMaxHandshakes, room_());
  if (!wanted) {
    listening_.reset();
  } else if (!listening_) {
    if (auto watched = loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept_one(); })) {
      listening_ = std::move(*watched);
    }
  }
}

// One a round: update() decides whether there may be another.
void Clients::accept_one() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // Who gives descriptors back does not tell us: the backlog waits a moment.
      accept_again_ = loop_.after(kOutOfDescriptorsPause, [this] { update(); });
      update();
    }
    return;
  }
  const int fd = client.get();
  // Edges: part of a line stays in the socket, and would be reported for ever.
  auto watched = loop_.watch(fd, EPOLLIN | EPOLLRDHUP | EPOLLET, [this, fd](uint32_t) { follow(fd); });
  if (!watched) {
    return;
  }
  Handshake& handshake = handshakes_[fd];
  handshake.socket = std::move(client);
  handshake.watch = std::move(*watched);
  handshake.deadline = loop_.after(kHandshakeTimeout, [this, fd] {
    handshakes_.erase(fd);
    update();
  });
  update();
}

void Clients::follow(int fd) {
  const Result<std::optional<uint32_t>> port = receive_connect(fd);
  if (port && !*port) {
    return;
  }
  const auto found = handshakes_.find(fd);
  assert(found != handshakes_.end());
  UniqueFd socket = std::move(found->second.socket);
  handshakes_.erase(found);
  if (port) {
    ready_(std::move(socket), **port);
  }
  update();  // whoever spoke no CONNECT is hung up on
}

}  // namespace caisson::vmm::vsock
