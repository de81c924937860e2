// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/unified.h"

#include <gtest/gtest.h>

#include "runtime/bundle/guest_resources.h"

namespace caisson::runtime::oci {
namespace {

Resources following(std::map<std::string, std::string> unified, Resources resources = {}) {
  resources.unified = std::move(unified);
  const auto followed = follow_unified(resources);
  EXPECT_TRUE(followed) << followed.error().message;
  return resources;
}

void expect_refused(const std::string& key, const std::string& value) {
  Resources resources{.unified = {{key, value}}};
  const auto followed = follow_unified(resources);
  ASSERT_FALSE(followed) << key << " " << value;
  EXPECT_EQ(followed.error().code, EINVAL);
  EXPECT_TRUE(followed.error().message.starts_with("linux.resources.unified[\"" + key + "\"]: "))
      << followed.error().message;
}

TEST(Unified, values_that_are_none_are_refused_with_their_key) {
  for (const char* value :
       {"", "-1", "x", "1x", "1 2", "9223372036854775808", "8E", "9999999999999999999G", "maximum"}) {
    expect_refused("memory.max", value);
  }
  for (const char* value : {"", "-1", "0", "1 0", "1 x", "1 2 3", "max max", "99999999999999999999 1"}) {
    expect_refused("cpu.max", value);
  }
  for (const char* value : {"", "0", "10001", "default 100", "1.5"}) {
    expect_refused("cpu.weight", value);
  }
}

TEST(Unified, memory_limit_follows_with_its_unit) {
  EXPECT_EQ(following({{"memory.max", "10485760"}}).memory->limit, 10485760);
  EXPECT_EQ(following({{"memory.max", "10M"}}).memory->limit, 10485760);
  EXPECT_EQ(following({{"memory.max", "1g\n"}}).memory->limit, 1 << 30);
  EXPECT_EQ(following({{"memory.max", "max"}}).memory->limit, -1);
  EXPECT_EQ(following({{"memory.max", "10M"}}, {.memory = Memory{.limit = 1}}).memory->limit, 10485760)
      << "it wins";
}

TEST(Unified, what_was_left_for_swap_stays) {
  for (const char* limit : {"300", "max"}) {
    const Resources resources =
        following({{"memory.max", limit}}, {.memory = Memory{.limit = 100, .swap = 150}});
    EXPECT_EQ(resources.unified.at("memory.swap.max"), "50");
    EXPECT_FALSE(resources.memory->swap);
  }
  EXPECT_EQ(following({{"memory.max", "1"}, {"memory.swap.max", "7"}},
                      {.memory = Memory{.limit = 100, .swap = 150}})
                .unified.at("memory.swap.max"),
            "7");
}

TEST(Unified, swap_below_memory_is_refused_as_without) {
  Resources resources{.memory = Memory{.limit = 100, .swap = 50}, .unified = {{"memory.max", "10"}}};
  EXPECT_FALSE(follow_unified(resources));
}

TEST(Unified, cpu_time_follows_and_keeps_the_period_it_does_not_name) {
  const Resources both = following({{"cpu.max", "10000 50000"}});
  EXPECT_EQ(both.cpu->quota, 10000);
  EXPECT_EQ(both.cpu->period, 50000U);
  const Resources quota = following({{"cpu.max", "max"}}, {.cpu = Cpu{.quota = 5, .period = 20000}});
  EXPECT_EQ(quota.cpu->quota, -1);
  EXPECT_EQ(quota.cpu->period, 20000U);
}

TEST(Unified, every_weight_comes_back_from_its_shares) {
  for (uint64_t weight = 1; weight <= 10000; ++weight) {
    const Resources resources = following({{"cpu.weight", std::to_string(weight)}});
    ASSERT_EQ(cpu_weight_of_shares(resources.cpu->shares.value()), weight);
  }
}

TEST(Unified, cpus_and_nodes_are_the_hosts) {
  const Resources resources = following({{"cpuset.cpus", "0-1"}, {"cpuset.mems", "0"}, {"pids.max", "9"}});
  EXPECT_EQ(resources.cpu->cpus, "0-1");
  EXPECT_EQ(resources.cpu->mems, "0");
  EXPECT_EQ(resources.unified, (std::map<std::string, std::string>{{"pids.max", "9"}}));
}

TEST(Unified, other_keys_are_the_guests_alone) {
  const Resources resources = following({{"memory.high", "1"}, {"io.max", "8:0 rbps=1"}});
  EXPECT_FALSE(resources.memory || resources.cpu);
  EXPECT_EQ(resources.unified.size(), 2U);
}

}  // namespace
}  // namespace caisson::runtime::oci
