// SPDX-License-Identifier: Apache-2.0
// Reports at once when the host's wall clock was set or the host has slept. Reports also now and then, so
// that drift can be looked for. Main loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class HostClockWatch {
 public:
  enum class Cause { set, time_passed };
  using Handler = std::function<void(Cause)>;

  static Result<std::unique_ptr<HostClockWatch>> create(EventLoop& loop, std::chrono::seconds interval,
                                                        Handler handler);
  HostClockWatch(const HostClockWatch&) = delete;
  HostClockWatch& operator=(const HostClockWatch&) = delete;
  ~HostClockWatch() = default;

 private:
  HostClockWatch(UniqueFd timer, std::chrono::seconds interval, Handler handler);
  Result<void> arm();
  void on_timer();

  UniqueFd timer_;
  Watch watch_;
  std::chrono::seconds interval_;
  Handler handler_;
};

}  // namespace caisson::vmm
