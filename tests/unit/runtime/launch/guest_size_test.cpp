// SPDX-License-Identifier: Apache-2.0
// Through machine_settings(), as a bundle meets it.
#include "runtime/launch/guest_size.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/launch/settings.h"
#include "tests/unit/runtime/launch/annotated.h"

namespace caisson::runtime {
namespace {

TEST(GuestSize, defaults_are_one_cpu_and_256_mib) {
  const auto settings = machine_settings({});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->machine.cpus, 1U);
  EXPECT_EQ(settings->machine.memory_bytes, kDefaultMemoryBytes);
}

TEST(GuestSize, memory_follows_from_the_limit) {
  oci::Config config;
  config.linux_.resources.memory = oci::Memory{.limit = 100 * static_cast<int64_t>(kMiB)};
  EXPECT_EQ(machine_settings(config)->machine.memory_bytes, 150 * kMiB);
  config.linux_.resources.memory->limit = 4096;
  EXPECT_EQ(machine_settings(config)->machine.memory_bytes, kMinimumMemoryBytes);
  config.linux_.resources.memory->limit = -1;
  EXPECT_EQ(machine_settings(config)->machine.memory_bytes, kDefaultMemoryBytes);
}

TEST(GuestSize, memory_with_a_limit_may_grow_fourfold_and_to_a_gib) {
  oci::Config config = with_annotation("memory", "100M");
  config.linux_.resources.memory = oci::Memory{.limit = 4096};
  EXPECT_EQ(machine_settings(config)->machine.max_memory_bytes, 1024 * kMiB);
  config.annotations["org.caisson.memory"] = "513M";
  EXPECT_EQ(machine_settings(config)->machine.max_memory_bytes, 2176 * kMiB);
}

// Half of the host's memory, or nothing beyond the default on a host that has little.
TEST(GuestSize, memory_without_a_limit_grows_by_need) {
  const uint64_t host = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * 4096;
  const auto settings = machine_settings({});
  EXPECT_EQ(settings->machine.memory_bytes, kDefaultMemoryBytes);
  EXPECT_LE(settings->machine.max_memory_bytes, std::max(host / 2, kDefaultMemoryBytes));
  EXPECT_GT(settings->machine.max_memory_bytes + 129 * kMiB, std::min(host / 2, uint64_t{60} << 30));
  EXPECT_EQ(settings->grows_by_need, settings->machine.max_memory_bytes > kDefaultMemoryBytes);
}

TEST(GuestSize, memory_that_something_limits_does_not_grow_by_need) {
  EXPECT_FALSE(machine_settings(with_annotation("memory", "512M"))->grows_by_need);
  oci::Config config;
  config.linux_.resources.memory = oci::Memory{.limit = 100 * static_cast<int64_t>(kMiB)};
  EXPECT_FALSE(machine_settings(config)->grows_by_need);
  config = with_annotation("max-memory", "1G");
  EXPECT_TRUE(machine_settings(config)->grows_by_need);
  config.linux_.resources.unified["memory.high"] = "100000000";
  EXPECT_FALSE(machine_settings(config)->grows_by_need);
}

TEST(GuestSize, memory_grows_as_far_as_is_asked) {
  const auto most = [](const std::string& asked) {
    const auto settings = machine_settings(with_annotation("max-memory", asked));
    return settings ? settings->machine.max_memory_bytes / kMiB : 0;
  };
  EXPECT_EQ(most("256M"), 256U);
  EXPECT_EQ(most("257M"), 384U);
  EXPECT_EQ(most("512M"), 512U);
  EXPECT_EQ(most("255M"), 0U);
  EXPECT_EQ(most("0"), 0U);
  EXPECT_EQ(most("fish"), 0U);
  EXPECT_EQ(most("900000G"), 0U);
}

TEST(GuestSize, cpus_grow_as_far_as_is_asked) {
  EXPECT_EQ(machine_settings({})->machine.max_cpus, 1U);
  oci::Config config = with_annotation("max-cpus", "4");
  EXPECT_EQ(machine_settings(config)->machine.max_cpus, 4U);
  config.annotations["org.caisson.cpus"] = "5";
  EXPECT_FALSE(machine_settings(config));
  EXPECT_FALSE(machine_settings(with_annotation("max-cpus", "0")));
  EXPECT_FALSE(machine_settings(with_annotation("max-cpus", "65")));
}

TEST(GuestSize, memory_too_small_to_boot_is_refused) {
  EXPECT_FALSE(machine_settings(with_annotation("memory", "8M")));
  EXPECT_FALSE(machine_settings(with_annotation("memory", "fish")));
  EXPECT_FALSE(machine_settings(with_annotation("memory", "900000G")));
}

TEST(GuestSize, cpus_follow_from_quota_then_cpuset) {
  oci::Config config;
  config.linux_.resources.cpu = oci::Cpu{.quota = 250000, .period = 100000, .cpus = "0"};
  EXPECT_EQ(machine_settings(config)->machine.cpus, 3U);
  config.linux_.resources.cpu = oci::Cpu{.cpus = "0-1"};
  EXPECT_EQ(machine_settings(config)->machine.cpus, 2U);
  config.linux_.resources.cpu = oci::Cpu{.cpus = "fish"};
  EXPECT_FALSE(machine_settings(config));
}

TEST(GuestSize, bad_cpu_annotations_are_refused) {
  for (const char* cpus : {"0", "65", "x", "1x", "-1"}) {
    EXPECT_FALSE(machine_settings(with_annotation("cpus", cpus))) << cpus;
  }
  EXPECT_EQ(machine_settings(with_annotation("cpus", "2"))->machine.cpus, 2U);
}

}  // namespace
}  // namespace caisson::runtime
