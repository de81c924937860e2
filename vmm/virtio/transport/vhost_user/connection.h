// SPDX-License-Identifier: Apache-2.0
// Frames vhost-user messages on a connected Unix stream socket: reassembles requests with their descriptors,
// sends replies. Used by Server on its loop's thread. Never blocks, and never reads past one message.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/transport/vhost_user/message.h"

namespace caisson::vmm::vhost_user {

class Connection {
 public:
  // Takes a connected SOCK_STREAM socket and makes it non-blocking.
  static Result<Connection> create(UniqueFd socket);

  [[nodiscard]] int fd() const { return socket_.get(); }

  // The next whole message; none while it has not all arrived. ECONNRESET once the front end is gone.
  Result<std::optional<Message>> receive();

  // Answers `request`. A front end that does not read its replies is refused (EAGAIN), not waited for.
  Result<void> reply(Request request, std::span<const std::byte> payload);

 private:
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}

  // Reads towards `wanted` bytes of the message; false: no more for now.
  Result<bool> fill(size_t wanted);

  UniqueFd socket_;
  std::array<std::byte, sizeof(Header) + kMaxPayloadBytes> buffer_{};
  size_t filled_ = 0;
  std::vector<UniqueFd> fds_;
};

}  // namespace caisson::vmm::vhost_user
