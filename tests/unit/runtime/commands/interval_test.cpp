// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/interval.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

TEST(Interval, has_a_unit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(parse_interval("500ms"), 500ms);
  EXPECT_EQ(parse_interval("5s"), 5s);
  EXPECT_EQ(parse_interval("1m"), 1min);
  EXPECT_EQ(parse_interval("2h"), 2h);
  EXPECT_EQ(parse_interval("1000000h"), 1000000h);
}

TEST(Interval, others_are_refused) {
  for (const char* text :
       {"", "5", "s", "0s", "-1s", "1000001s", "5 s", "5s ", "5d", "1.5s", "5S", "99999999999999999999s"}) {
    const auto interval = parse_interval(text);
    ASSERT_FALSE(interval) << text;
    EXPECT_EQ(interval.error().code, EINVAL) << text;
    EXPECT_EQ(interval.error().message, "duration interval must be greater than 0, such as 500ms, 5s or 1m");
  }
}

}  // namespace
}  // namespace caisson::runtime
