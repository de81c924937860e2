// SPDX-License-Identifier: Apache-2.0
#include "common/host_clock.h"

#include <x86intrin.h>

#include <cmath>
#include <ctime>
#include <limits>

namespace caisson {
namespace {

uint64_t now_ns() {
  timespec now{};
  // What NTP steers must not enter: the counter is not steered either.
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

HostClock::Reading HostClock::read() {
  // The closest pair of several: a preemption or a host interrupt between the two readings is discarded.
  Reading best;
  uint64_t narrowest = std::numeric_limits<uint64_t>::max();
  for (int attempt = 0; attempt < 8; ++attempt) {
    const uint64_t before = __rdtsc();
    const uint64_t nanoseconds = now_ns();
    const uint64_t after = __rdtsc();
    if (after - before < narrowest) {
      narrowest = after - before;
      best = {.ticks = before + narrowest / 2, .nanoseconds = nanoseconds};
    }
  }
  return best;
}

HostClock::HostClock() : first_(read()) {}

uint64_t HostClock::tsc_khz() const {
  constexpr uint64_t kSpanNs = 5'000'000;
  if (const uint64_t passed = now_ns() - first_.nanoseconds; passed < kSpanNs) {
    const timespec rest{.tv_sec = 0, .tv_nsec = static_cast<long>(kSpanNs - passed)};
    ::nanosleep(&rest, nullptr);
  }
  const Reading second = read();
  const auto ticks = static_cast<double>(second.ticks - first_.ticks);
  const auto nanoseconds = static_cast<double>(second.nanoseconds - first_.nanoseconds);
  return static_cast<uint64_t>(std::llround(ticks * 1e6 / nanoseconds));
}

}  // namespace caisson
