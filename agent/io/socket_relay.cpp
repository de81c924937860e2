// SPDX-License-Identifier: Apache-2.0
#include "agent/io/socket_relay.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/io/pump.h"
#include "agent/transport/listener.h"
#include "common/socket_path.h"

namespace caisson::agent {
namespace {

constexpr int kBacklog = 64;

bool is_connected(int socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// Each way by a pump of its own; a failed start closes its ends, which ends the other.
void pump_both_ways(EventLoop& loop, UniqueFd one, UniqueFd other, const std::shared_ptr<size_t>& pumps) {
  auto one_again = duplicate(one);
  auto other_again = duplicate(other);
  if (!one_again || !other_again) {
    return;
  }
  const auto start = [&loop, &pumps](UniqueFd source, UniqueFd sink) {
    if (Pump::start(loop, std::move(source), std::move(sink), [pumps](Pump::End) { --*pumps; })) {
      ++*pumps;
    }
  };
  start(std::move(one), std::move(*other_again));
  start(std::move(other), std::move(*one_again));
}

}  // namespace

Result<std::unique_ptr<SocketRelay>> SocketRelay::create(EventLoop& loop, const std::string& path,
                                                         const struct stat& likeness, std::string address) {
  std::unique_ptr<SocketRelay> relay(new SocketRelay(loop, path, std::move(address)));
  const SocketPath place = TRY(SocketPath::of(path));
  relay->listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!relay->listener_ || ::bind(relay->listener_.get(), place.address(), SocketPath::size()) < 0 ||
      ::chown(path.c_str(), likeness.st_uid, likeness.st_gid) < 0 ||
      ::chmod(path.c_str(), likeness.st_mode & 07777U) < 0 ||
      ::listen(relay->listener_.get(), kBacklog) < 0) {
    return fail_errno("make the socket that stands for the host's");
  }
  relay->watch_ =
      TRY(loop.watch(relay->listener_.get(), EPOLLIN, [raw = relay.get()](uint32_t) { raw->accept_one(); }));
  return relay;
}

SocketRelay::~SocketRelay() {
  ::unlink(path_.c_str());
}

// One that cannot be served is closed: its client reads end of file, as from a server that refuses it.
void SocketRelay::accept_one() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client || pending_.size() + *pumps_ / 2 >= kMostConnections) {
    return;
  }
  auto host = connect_to(address_);
  if (!host) {
    return;
  }
  const int fd = host->get();
  if (auto watched = loop_.watch(fd, EPOLLOUT, [this, fd](uint32_t) { join(fd); })) {
    pending_[fd] =
        Pending{.client = std::move(client), .host = std::move(*host), .connected = std::move(*watched)};
  }
}

void SocketRelay::join(int host) {
  const auto found = pending_.find(host);
  Pending pending = std::move(found->second);
  pending_.erase(found);
  pending.connected.reset();  // the pumps watch it from now on
  if (is_connected(host)) {
    pump_both_ways(loop_, std::move(pending.client), std::move(pending.host), pumps_);
  }
}

}  // namespace caisson::agent
