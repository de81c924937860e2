// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/clock.h"

#include <algorithm>

namespace caisson::agent {

timex step_of(std::chrono::nanoseconds by) {
  // "The sum of these is added": the fraction is not negative, whatever the sum [adjtimex(2)] ADJ_SETOFFSET.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(by);
  timex what{};
  what.modes = ADJ_SETOFFSET | ADJ_NANO;
  what.time.tv_sec = seconds.count();
  what.time.tv_usec = (by - seconds).count();
  return what;
}

timex slew_of(std::chrono::nanoseconds by) {
  timex what{};
  what.modes = ADJ_OFFSET_SINGLESHOT;
  what.offset = std::chrono::round<std::chrono::microseconds>(by).count();
  return what;
}

timex rate_of(int64_t ppb) {
  // More than the kernel takes it cuts itself; this keeps the product a number.
  constexpr int64_t kMost = 1'000'000;
  timex what{};
  what.modes = ADJ_FREQUENCY;
  what.freq = std::clamp(ppb, -kMost, kMost) * 65536 / 1000;  // parts per million with 16 bits of fraction
  return what;
}

Result<void> adjust(timex what) {
  return ::adjtimex(&what) < 0 ? fail_errno("adjust the clock") : Result<void>();
}

}  // namespace caisson::agent
