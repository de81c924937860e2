// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/limits.h"

#include <gtest/gtest.h>

namespace caisson::runtime::oci {
namespace {

TEST(Limits, only_a_positive_number_is_a_limit_of_memory) {
  EXPECT_FALSE(memory_limit({}));
  EXPECT_FALSE(memory_limit({.memory = Memory{}}));
  EXPECT_FALSE(memory_limit({.memory = Memory{.limit = 0}}));
  EXPECT_FALSE(memory_limit({.memory = Memory{.limit = -1}}));
  EXPECT_EQ(memory_limit({.memory = Memory{.limit = 4096}}), 4096U);
}

TEST(Limits, only_a_positive_number_is_a_limit_of_time) {
  EXPECT_FALSE(cpu_quota_us({}));
  EXPECT_FALSE(cpu_quota_us({.cpu = Cpu{.quota = -1}}));
  EXPECT_EQ(cpu_quota_us({.cpu = Cpu{.quota = 50'000}}), 50'000U);
}

TEST(Limits, period_that_is_zero_is_none) {
  EXPECT_EQ(cpu_period_us({}), 100'000U);
  EXPECT_EQ(cpu_period_us({.period = 0}), 100'000U);
  EXPECT_EQ(cpu_period_us({.period = 0}, 7), 7U);
  EXPECT_EQ(cpu_period_us({.period = 20'000}, 7), 20'000U);
}

}  // namespace
}  // namespace caisson::runtime::oci
