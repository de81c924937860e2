// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/guest_resources.h"

#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

TEST(CpuWeight, shares_convert_as_in_runc) {
  EXPECT_EQ(cpu_weight_of_shares(0), 0U);
  EXPECT_EQ(cpu_weight_of_shares(2), 1U);
  EXPECT_EQ(cpu_weight_of_shares(1024), 39U);
  EXPECT_EQ(cpu_weight_of_shares(262144), 10000U);
  EXPECT_EQ(cpu_weight_of_shares(1), 1U);
}

TEST(Swap, converts_as_in_runc) {
  EXPECT_EQ(swap_of_memory_and_swap(0, 0).value(), 0);
  EXPECT_EQ(swap_of_memory_and_swap(0, -1).value(), -1);
  EXPECT_EQ(swap_of_memory_and_swap(-1, 1024).value(), -1);
  EXPECT_EQ(swap_of_memory_and_swap(4096, 1024).value(), 3072);
  EXPECT_EQ(swap_of_memory_and_swap(1024, 1024).value(), 0);
}

TEST(Swap, nonsense_is_refused) {
  EXPECT_FALSE(swap_of_memory_and_swap(1024, 0));
  EXPECT_FALSE(swap_of_memory_and_swap(1024, -1));
  EXPECT_FALSE(swap_of_memory_and_swap(512, 1024));
  EXPECT_FALSE(swap_of_memory_and_swap(512, -2));
}

TEST(GuestResources, burst_beyond_the_quota_is_refused_by_name) {
  agent::v1::Resources out;
  const auto filled = fill_resources({.cpu = oci::Cpu{.quota = 10000, .burst = 10001}}, out);
  ASSERT_FALSE(filled);
  EXPECT_TRUE(filled.error().message.starts_with("linux.resources.cpu.burst"));
  EXPECT_TRUE(fill_resources({.cpu = oci::Cpu{.quota = 10000, .burst = 10000}}, out));
}

TEST(GuestResources, swap_equal_to_the_limit_is_none_not_unset) {
  agent::v1::Resources out;
  ASSERT_TRUE(fill_resources({.memory = oci::Memory{.limit = 1024, .swap = 1024}}, out));
  EXPECT_TRUE(out.has_memory_swap_max());
  EXPECT_EQ(out.memory_swap_max(), 0);
}

TEST(GuestResources, nothing_given_sets_nothing) {
  agent::v1::Resources out;
  ASSERT_TRUE(fill_resources({}, out));
  EXPECT_EQ(out.ByteSizeLong(), 0U);
}

TEST(GuestResources, zero_limits_are_not_given) {
  agent::v1::Resources out;
  ASSERT_TRUE(fill_resources({.memory = oci::Memory{.limit = 0},
                              .cpu = oci::Cpu{.shares = 0, .quota = 0, .period = 0},
                              .pids = oci::Pids{.limit = 0}},
                             out));
  EXPECT_EQ(out.ByteSizeLong(), 0U);
}

TEST(GuestResources, unified_name_with_a_slash_or_without_a_dot_is_refused) {
  agent::v1::Resources out;
  EXPECT_FALSE(fill_resources({.unified = {{"../memory.max", "1"}}}, out));
  const auto filled = fill_resources({.unified = {{"memory", "1"}}}, out);
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().message,
            "linux.resources.unified: the specified key has not the form CONTROLLER.VALUE `memory`");
}

TEST(GuestResources, device_rules_keep_wildcards_open) {
  agent::v1::Resources out;
  ASSERT_TRUE(fill_resources(
      {.devices = {{.allow = true, .type = {'c'}, .major = 10, .minor = -1, .access = "rw"}}}, out));
  ASSERT_EQ(out.device_rules_size(), 1);
  EXPECT_EQ(out.device_rules(0).major_number(), 10);
  EXPECT_FALSE(out.device_rules(0).has_minor_number());
}

oci::Resources cpu(std::optional<int64_t> quota, std::optional<uint64_t> period) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = quota, .period = period};
  return resources;
}

TEST(HalfAQuota, is_completed_by_what_is_in_force) {
  constexpr CpuTime kInForce{.quota_us = 3000, .period_us = 10000};
  oci::Resources quota = cpu(1000, {});
  complete_quota(quota, kInForce);
  EXPECT_EQ(quota.cpu->quota, 1000);
  EXPECT_EQ(quota.cpu->period, 10000U);
  oci::Resources period = cpu(0, 50000);
  complete_quota(period, kInForce);
  EXPECT_EQ(period.cpu->quota, 3000);
  EXPECT_EQ(period.cpu->period, 50000U);
  oci::Resources unlimited = cpu({}, 50000);
  complete_quota(unlimited, {});
  EXPECT_EQ(unlimited.cpu->quota, -1);
}

TEST(HalfAQuota, a_whole_one_and_none_are_left_alone) {
  constexpr CpuTime kInForce{.quota_us = 3000, .period_us = 10000};
  oci::Resources whole = cpu(1000, 5000);
  complete_quota(whole, kInForce);
  EXPECT_EQ(whole.cpu->quota, 1000);
  EXPECT_EQ(whole.cpu->period, 5000U);
  oci::Resources none = cpu({}, 0);
  complete_quota(none, kInForce);
  EXPECT_FALSE(none.cpu->quota);
  oci::Resources nothing;
  complete_quota(nothing, kInForce);
  EXPECT_FALSE(nothing.cpu);
}

}  // namespace
}  // namespace caisson::runtime
