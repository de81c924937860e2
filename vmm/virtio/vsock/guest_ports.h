// SPDX-License-Identifier: Apache-2.0
// The ports of the host that a guest may connect to, and what is behind them. Owned by the Muxer, which
// counts the guest's connections and refuses connections to other ports.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::vsock {

class GuestPorts {
 public:
  // Ports of the host from here on belong to connections that the host opens itself.
  static constexpr uint32_t kEnd = 1U << 30;

  // Gets one end of a socket pair.
  using Handler = std::function<void(UniqueFd)>;
  // Opens a stream socket to connect the guest to; must not wait.
  using Dial = std::function<Result<UniqueFd>()>;

  // EADDRINUSE if the port has a handler. An empty handler removes it.
  Result<void> handle(uint32_t port, Handler handler);
  Result<void> forward(uint32_t port, Dial dial);

  struct Opened {
    UniqueFd socket;             // to be connected with the guest
    std::function<void()> tell;  // once that is done: hands the other end to the port's handler. May be none
  };
  // ECONNREFUSED if the port has no handler.
  [[nodiscard]] Result<Opened> open(uint32_t port) const;

 private:
  std::map<uint32_t, Handler> handlers_;
  std::map<uint32_t, Dial> forwarded_;
};

}  // namespace caisson::vmm::vsock
