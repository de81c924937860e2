// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/uptime.h"

#include <gtest/gtest.h>

#include <fstream>

namespace caisson::agent {
namespace {

uint64_t seconds_of_proc() {
  double seconds = 0;
  std::ifstream("/proc/uptime") >> seconds;
  return static_cast<uint64_t>(seconds);
}

TEST(uptime, counts_nanoseconds_of_what_proc_uptime_counts_in_seconds) {
  const uint64_t before = seconds_of_proc();
  const uint64_t seconds = uptime_ns() / 1'000'000'000U;
  const uint64_t after = seconds_of_proc();
  ASSERT_GT(before, 0U);
  EXPECT_LE(before, seconds);
  EXPECT_LE(seconds, after);
}

}  // namespace
}  // namespace caisson::agent
