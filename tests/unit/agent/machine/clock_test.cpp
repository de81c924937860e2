// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/clock.h"

#include <gtest/gtest.h>

namespace caisson::agent {
namespace {

using namespace std::chrono_literals;

TEST(Clock, a_step_has_a_fraction_that_is_not_negative) {
  timex what = step_of(1300ms + 7ns);
  EXPECT_EQ(what.modes, unsigned{ADJ_SETOFFSET | ADJ_NANO});
  EXPECT_EQ(what.time.tv_sec, 1);
  EXPECT_EQ(what.time.tv_usec, 300'000'007);
  what = step_of(-1300ms);
  EXPECT_EQ(what.time.tv_sec, -2);
  EXPECT_EQ(what.time.tv_usec, 700'000'000);
}

TEST(Clock, what_is_made_up_for_slowly_is_counted_in_microseconds) {
  EXPECT_EQ(slew_of(-2500us).offset, -2500);
  EXPECT_EQ(slew_of(-2500us).modes, unsigned{ADJ_OFFSET_SINGLESHOT});
}

TEST(Clock, a_rate_is_in_parts_per_million_with_sixteen_bits_of_fraction) {
  EXPECT_EQ(rate_of(12'500).freq, 12 * 65536 + 32768);
  EXPECT_EQ(rate_of(INT64_MIN).freq, -1000 * 65536);
}

}  // namespace
}  // namespace caisson::agent
