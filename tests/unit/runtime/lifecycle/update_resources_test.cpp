// SPDX-License-Identifier: Apache-2.0
// What the options of update ask for: each in its own field, and what has no meaning is refused by its name.
#include "runtime/lifecycle/update_resources.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

void expect_refused(const UpdateOptions& options, int code, const std::string& message) {
  const auto resources = resources_of(options);
  ASSERT_FALSE(resources) << message;
  EXPECT_EQ(resources.error().code, code);
  EXPECT_EQ(resources.error().message, message);
}

TEST(UpdateResources, what_is_not_given_is_not_asked_for) {
  const auto resources = resources_of({});
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_FALSE(resources->memory->limit);
  EXPECT_FALSE(resources->memory->reservation);
  EXPECT_FALSE(resources->memory->swap);
  EXPECT_FALSE(resources->cpu->shares);
  EXPECT_FALSE(resources->cpu->quota);
  EXPECT_FALSE(resources->cpu->burst);
  EXPECT_FALSE(resources->cpu->period);
  EXPECT_FALSE(resources->cpu->idle);
  EXPECT_FALSE(resources->pids);
  EXPECT_FALSE(resources->block_io);
}

TEST(UpdateResources, each_option_has_its_field) {
  const auto resources = resources_of({.cpus = "0-3",
                                       .mems = "1",
                                       .memory = "64M",
                                       .reservation = "32M",
                                       .swap = "128M",
                                       .block_io_weight = 500,
                                       .cpu_period = 50000,
                                       .cpu_quota = 25000,
                                       .cpu_burst = 1000,
                                       .cpu_idle = 1,
                                       .cpu_shares = 512,
                                       .pids_limit = 7});
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(resources->cpu->cpus, "0-3");
  EXPECT_EQ(resources->cpu->mems, "1");
  EXPECT_EQ(resources->cpu->period, 50000U);
  EXPECT_EQ(resources->cpu->quota, 25000);
  EXPECT_EQ(resources->cpu->burst, 1000U);
  EXPECT_EQ(resources->cpu->idle, 1);
  EXPECT_EQ(resources->cpu->shares, 512U);
  EXPECT_EQ(resources->memory->limit, 64 << 20);
  EXPECT_EQ(resources->memory->reservation, 32 << 20);
  EXPECT_EQ(resources->memory->swap, 128 << 20);
  EXPECT_EQ(resources->pids->limit, 7);
  EXPECT_EQ(resources->block_io->weight, 500);
}

TEST(UpdateResources, minus_one_takes_a_limit_away) {
  const auto resources =
      resources_of({.memory = "-1", .reservation = "-1", .swap = "-1", .cpu_quota = -1, .pids_limit = -1});
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(resources->memory->limit, -1);
  EXPECT_EQ(resources->memory->reservation, -1);
  EXPECT_EQ(resources->memory->swap, -1);
  EXPECT_EQ(resources->cpu->quota, -1);
  EXPECT_EQ(resources->pids->limit, -1);
}

TEST(UpdateResources, zero_is_a_number) {
  const auto resources = resources_of({.memory = "0", .block_io_weight = 0, .cpu_burst = 0, .cpu_idle = 0});
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(resources->memory->limit, 0);
  EXPECT_EQ(resources->cpu->burst, 0U);
  EXPECT_EQ(resources->cpu->idle, 0);
  EXPECT_EQ(resources->block_io->weight, 0);
}

TEST(UpdateResources, negative_numbers_are_refused) {
  expect_refused({.cpu_shares = -1}, EINVAL, "--cpu-share: must not be negative");
  expect_refused({.cpu_period = -1}, EINVAL, "--cpu-period: must not be negative");
  expect_refused({.cpu_burst = -1}, EINVAL, "--cpu-burst: must not be negative");
  expect_refused({.block_io_weight = -1}, EINVAL, "--blkio-weight: must not be negative");
}

TEST(UpdateResources, sizes_are_sizes) {
  expect_refused({.memory = "-2"}, EINVAL, "--memory: \"-2\" is not a size such as 64M");
  expect_refused({.reservation = "lots"}, EINVAL, "--memory-reservation: \"lots\" is not a size such as 64M");
  expect_refused({.swap = "1X"}, EINVAL, "--memory-swap: \"1X\" is not a size such as 64M");
}

TEST(UpdateResources, weight_of_block_io_has_its_bounds) {
  EXPECT_TRUE(resources_of({.block_io_weight = 10}));
  EXPECT_TRUE(resources_of({.block_io_weight = 1000}));
  expect_refused({.block_io_weight = 9}, EINVAL, "--blkio-weight: 9 is not within 10 and 1000");
  expect_refused({.block_io_weight = 1001}, EINVAL, "--blkio-weight: 1001 is not within 10 and 1000");
  // Not what is left of it in 16 bits.
  expect_refused({.block_io_weight = 65536 + 100}, EINVAL, "--blkio-weight: 65636 is not within 10 and 1000");
}

TEST(UpdateResources, idle_is_yes_or_no) {
  expect_refused({.cpu_idle = 2}, EINVAL, "--cpu-idle: must be 0 or 1");
  expect_refused({.cpu_idle = -1}, EINVAL, "--cpu-idle: must be 0 or 1");
}

TEST(UpdateResources, what_the_guest_lacks_is_refused_unless_it_is_zero) {
  const char* message =
      "update: realtime budgets and resctrl do not exist in the guest; leave the option out";
  expect_refused({.realtime_period = "1000"}, ENOTSUP, message);
  expect_refused({.realtime_runtime = "500"}, ENOTSUP, message);
  expect_refused({.l3_cache_schema = "L3:0=f"}, ENOTSUP, message);
  expect_refused({.memory_bandwidth_schema = "MB:0=20"}, ENOTSUP, message);
  EXPECT_TRUE(resources_of({.realtime_period = "0", .realtime_runtime = "0"}));
}

}  // namespace
}  // namespace caisson::runtime
