// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/host_clock_watch.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace caisson::vmm {

Result<std::unique_ptr<HostClockWatch>> HostClockWatch::create(EventLoop& loop, std::chrono::seconds interval,
                                                               Handler handler) {
  UniqueFd timer(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) {
    return fail_errno("watch the host's clock");
  }
  std::unique_ptr<HostClockWatch> watch(new HostClockWatch(std::move(timer), interval, std::move(handler)));
  TRY(watch->arm());
  HostClockWatch* const self = watch.get();
  self->watch_ = TRY(loop.watch(self->timer_.get(), EPOLLIN, [self](uint32_t) { self->on_timer(); }));
  return watch;
}

HostClockWatch::HostClockWatch(UniqueFd timer, std::chrono::seconds interval, Handler handler)
    : timer_(std::move(timer)), interval_(interval), handler_(std::move(handler)) {}

// [timerfd_create(2)] TFD_TIMER_CANCEL_ON_SET: cancelled "if the real-time clock undergoes a discontinuous
// change", and by the host's waking up.
Result<void> HostClockWatch::arm() {
  itimerspec when{};
  ::clock_gettime(CLOCK_REALTIME, &when.it_value);
  when.it_value.tv_sec += interval_.count();
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr) < 0) {
    return fail_errno("watch the host's clock");
  }
  return {};
}

void HostClockWatch::on_timer() {
  uint64_t expirations = 0;
  const bool was_set = ::read(timer_.get(), &expirations, sizeof(expirations)) < 0;
  if (was_set && errno != ECANCELED) {
    return;
  }
  // Set again between the two calls: the next read() tells.
  if (const auto armed = arm(); !armed) {
    spdlog::warn("{}", armed.error().message);
  }
  handler_(was_set ? Cause::set : Cause::time_passed);
}

}  // namespace caisson::vmm
