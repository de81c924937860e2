// SPDX-License-Identifier: Apache-2.0
// The Unix socket by which the host's processes reach the guest: accepts clients and hears which port each
// wants. Used by the Muxer, on its loop. Never accepts more clients than there is room for. The others wait
// in the backlog and take no descriptor.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::vsock {

class Clients {
 public:
  // LIMIT: clients that have not yet said which port.
  static constexpr size_t kMaxHandshakes = 64;
  // A client that says nothing holds one of kMaxHandshakes.
  static constexpr std::chrono::seconds kHandshakeTimeout{5};
  static constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};

  // How many may still be connected.
  using Room = std::function<size_t()>;
  // A client that has said its port.
  using Ready = std::function<void(UniqueFd socket, uint32_t port)>;

  Clients(EventLoop& loop, Room room, Ready ready);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients() = default;

  // Call it once: serves clients on a listening Unix stream socket, from now on.
  void listen(UniqueFd socket);
  // Makes that socket at `path` (mode 0600; a path too long for the kernel is reached through its directory).
  Result<void> listen(const std::string& path);

  // The room for clients may have changed.
  void update();

 private:
  struct Handshake {
    UniqueFd socket;
    Watch watch;
    Timer deadline;
  };

  void accept_one();
  void follow(int fd);

  EventLoop& loop_;
  Room room_;
  Ready ready_;
  UniqueFd listener_;
  Watch listening_;
  Timer accept_again_;  // pending: out of descriptors for now
  std::map<int, Handshake> handshakes_;
};

}  // namespace caisson::vmm::vsock
