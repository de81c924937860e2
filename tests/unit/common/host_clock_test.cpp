// SPDX-License-Identifier: Apache-2.0
#include "common/host_clock.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

// A first reading so long ago that the time this test takes does not count.
HostClock::Reading long_before(const HostClock::Reading& now, uint64_t seconds, uint64_t hertz) {
  return {.ticks = now.ticks - seconds * hertz, .nanoseconds = now.nanoseconds - seconds * kNsPerSecond};
}

TEST(HostClock, frequency_is_ticks_by_time) {
  for (const uint64_t hertz : {1'000'000'000U, 2'500'000'000U, 4'000'000'000U}) {
    const HostClock clock(long_before(HostClock().first(), 1'000'000, hertz));
    EXPECT_NEAR(static_cast<double>(clock.tsc_khz()), static_cast<double>(hertz) / 1000, 1000);
  }
}

TEST(HostClock, first_reading_is_handed_on_as_it_is) {
  const HostClock clock;
  EXPECT_GT(clock.first().ticks, 0U);
  EXPECT_GT(clock.first().nanoseconds, 0U);
  const HostClock same(clock.first());
  EXPECT_EQ(same.first().ticks, clock.first().ticks);
  EXPECT_EQ(same.first().nanoseconds, clock.first().nanoseconds);
  EXPECT_GT(clock.tsc_khz(), 100'000U) << "it waits until there is something to divide by";
}

}  // namespace
}  // namespace caisson
