// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/growth.h"

#include <gmock/gmock.h>

#include "runtime/launch/guest_size.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

GuestSize booted() {
  return {.ram = {.boot_bytes = 150 * kMiB, .usable_bytes = 150 * kMiB},
          .max_memory_bytes = 512 * kMiB,
          .cpus = 1,
          .max_cpus = 3};
}

constexpr CpuTime kOneCpu{.quota_us = 100000, .period_us = 100000};

oci::Resources memory_limit(int64_t bytes) {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = bytes};
  return resources;
}

oci::Resources cpu_quota(int64_t quota, std::optional<uint64_t> period = {}) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = quota, .period = period};
  return resources;
}

TEST(Growth, without_new_limits_nothing_grows) {
  EXPECT_EQ(grown_for({}, booted(), kOneCpu).value(), booted());
  EXPECT_EQ(grown_for(memory_limit(-1), booted(), kOneCpu).value(), booted());
  EXPECT_EQ(grown_for(memory_limit(0), booted(), kOneCpu).value(), booted());
  EXPECT_EQ(grown_for(cpu_quota(-1), booted(), kOneCpu).value(), booted());
}

TEST(Growth, lower_limits_take_nothing_away) {
  GuestSize large = booted();
  large.cpus = 3;
  EXPECT_EQ(grown_for(memory_limit(4096), large, kOneCpu).value(), large);
  EXPECT_EQ(grown_for(cpu_quota(1000), large, kOneCpu).value(), large);
}

TEST(Growth, memory_comes_in_blocks_and_has_room_for_the_kernel) {
  // 100 MiB are what the guest was made for.
  EXPECT_EQ(grown_for(memory_limit(100 * kMiB), booted(), kOneCpu).value(), booted());
  const auto more = grown_for(memory_limit(101 * kMiB), booted(), kOneCpu);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->ram.usable_bytes, 278 * kMiB);
  EXPECT_EQ(more->ram.boot_bytes, 150 * kMiB);
}

TEST(Growth, memory_ends_where_the_machine_does) {
  // 150 MiB, a gap up to 256, two blocks up to 512.
  const uint64_t most = 150 * kMiB + 256 * kMiB;
  uint64_t limit = most;
  while (memory_for_limit(limit) > most) {
    limit -= kMiB;
  }
  EXPECT_EQ(grown_for(memory_limit(static_cast<int64_t>(limit)), booted(), kOneCpu)->ram.usable_bytes, most);
  const auto refused = grown_for(memory_limit(static_cast<int64_t>(limit + kMiB)), booted(), kOneCpu);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ENOSPC);
  EXPECT_THAT(refused.error().message, HasSubstr("org.caisson.max-memory"));
}

TEST(Growth, cpus_are_a_quota_in_whole_ones) {
  EXPECT_EQ(grown_for(cpu_quota(100000), booted(), kOneCpu)->cpus, 1U);
  EXPECT_EQ(grown_for(cpu_quota(100001), booted(), kOneCpu)->cpus, 2U);
  EXPECT_EQ(grown_for(cpu_quota(30000, 10000), booted(), kOneCpu)->cpus, 3U);
  const auto refused = grown_for(cpu_quota(300001), booted(), kOneCpu);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("4 CPUs"));
  EXPECT_FALSE(grown_for(cpu_quota(INT64_MAX, 1), booted(), kOneCpu));
}

TEST(Growth, no_more_cpu_time_than_before_is_no_growth) {
  constexpr CpuTime kFiveCpus{.quota_us = 50000, .period_us = 10000};
  EXPECT_EQ(grown_for(cpu_quota(500000, 100000), booted(), kFiveCpus)->cpus, 3U);
  EXPECT_FALSE(grown_for(cpu_quota(500001, 100000), booted(), kFiveCpus));
  // Without a limit it had all there is.
  EXPECT_EQ(grown_for(cpu_quota(900000, 100000), booted(), CpuTime{})->cpus, 3U);
}

}  // namespace
}  // namespace caisson::runtime
