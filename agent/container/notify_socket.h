// SPDX-License-Identifier: Apache-2.0
// The socket on which a container's processes say that they serve: sd_notify(3). It lies alone in a
// directory, which is mounted into the container (child/mounts.cpp). Only READY=1 counts. The host is told of
// it once, and of nothing else that a container writes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

class NotifySocket {
 public:
  using Ready = std::function<void()>;
  // Makes `directory`, which must not exist, with the socket in it. `ready` is called on the loop, at most
  // once.
  static Result<std::unique_ptr<NotifySocket>> create(EventLoop& loop, std::string directory, Ready ready);
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  // Removes the directory.
  ~NotifySocket();

  // Takes the waiting messages at once: the container has ended, and its last messages count.
  void drain();

 private:
  NotifySocket(std::string directory, Ready ready)
      : directory_(std::move(directory)), ready_(std::move(ready)) {}
  // Takes one message. False when there was none.
  bool receive();

  std::string directory_;
  Ready ready_;  // empty once it was called
  UniqueFd socket_;
  Watch watch_;
};

// Whether a message, lines of NAME=VALUE, has the line READY=1.
[[nodiscard]] bool says_ready(std::string_view message);

}  // namespace caisson::agent
