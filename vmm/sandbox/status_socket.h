// SPDX-License-Identifier: Apache-2.0
// caisson-vmm's end of the status socket (protocol/launch/launch_spec.h kStatusFd): reports once, then waits
// for the starter's commit. A starter that goes away without it has died, and this sandbox belongs to nobody.
#pragma once

#include <functional>
#include <memory>

#include "common/event_loop.h"
#include "common/unique_fd.h"
#include "protocol/launch/launch_spec.h"

namespace caisson::vmm {

class StatusSocket {
 public:
  // `on_abandoned` is called on the loop when the starter closes without commit. The loop must outlive the
  // object.
  static Result<std::unique_ptr<StatusSocket>> open(EventLoop& loop, UniqueFd socket,
                                                    std::function<void()> on_abandoned);
  StatusSocket(const StatusSocket&) = delete;
  StatusSocket& operator=(const StatusSocket&) = delete;
  ~StatusSocket() = default;

  // Sends the one report; later calls are ignored (the first reason is the true one).
  void report(const LaunchStatus& status);
  void report_failure(const Error& error);
  [[nodiscard]] bool has_reported() const { return reported_; }

 private:
  StatusSocket(UniqueFd socket, std::function<void()> on_abandoned);
  void on_readable();

  UniqueFd socket_;
  Watch watch_;
  std::function<void()> on_abandoned_;
  bool reported_ = false;
};

}  // namespace caisson::vmm
