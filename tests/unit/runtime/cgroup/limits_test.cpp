// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

constexpr uint64_t kGuest = 100ULL << 20;

std::vector<std::string> lines(const std::vector<CgroupWrite>& writes) {
  std::vector<std::string> text;
  for (const CgroupWrite& write : writes) text.push_back(write.file + "=" + write.text);
  return text;
}

TEST(CgroupLimits, nothing_asked_writes_nothing) {
  EXPECT_TRUE(v1_writes({}, kGuest).empty());
  EXPECT_TRUE(v2_writes({}, kGuest).empty());
}

TEST(CgroupLimits, memory_is_the_guests_and_the_overhead) {
  const oci::Resources resources{.memory = oci::Memory{.limit = 1 << 20}};
  const std::string bytes = std::to_string(kGuest + kHostOverheadBytes);
  EXPECT_THAT(lines(v1_writes(resources, kGuest)), ::testing::ElementsAre("memory.limit_in_bytes=" + bytes));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)), ::testing::ElementsAre("memory.max=" + bytes));
}

TEST(CgroupLimits, unlimited_memory_writes_nothing) {
  EXPECT_TRUE(v2_writes({.memory = oci::Memory{.limit = -1}}, kGuest).empty());
}

TEST(CgroupLimits, cpu_converts) {
  const oci::Resources resources{
      .cpu = oci::Cpu{.shares = 1024, .quota = 50000, .period = 200000, .cpus = "0-1"}};
  EXPECT_THAT(lines(v1_writes(resources, kGuest)),
              ::testing::ElementsAre("cpu.shares=1024", "cpu.cfs_period_us=200000", "cpu.cfs_quota_us=50000",
                                     "cpuset.cpus=0-1"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("cpu.weight=39", "cpu.max=50000 200000", "cpuset.cpus=0-1"));
}

TEST(CgroupLimits, burst_is_none_while_the_quota_changes) {
  const oci::Resources resources{.cpu = oci::Cpu{.quota = 50000, .burst = 20000}};
  EXPECT_THAT(
      lines(v1_writes(resources, kGuest)),
      ::testing::ElementsAre("cpu.cfs_burst_us=0", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=20000"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("cpu.max.burst=0", "cpu.max=50000 100000", "cpu.max.burst=20000"));
}

TEST(CgroupLimits, idle_comes_before_a_weight_and_a_burst_after_its_quota) {
  const oci::Resources resources{
      .cpu = oci::Cpu{.shares = 1024, .quota = 50000, .burst = 1000, .period = 100000, .idle = 0}};
  EXPECT_THAT(
      lines(v1_writes(resources, kGuest)),
      ::testing::ElementsAre("cpu.idle=0", "cpu.shares=1024", "cpu.cfs_burst_us=0",
                             "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=1000"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("cpu.idle=0", "cpu.weight=39", "cpu.max.burst=0", "cpu.max=50000 100000",
                                     "cpu.max.burst=1000"));
}

TEST(CgroupLimits, what_runs_idle_has_no_weight) {
  const oci::Resources resources{.cpu = oci::Cpu{.shares = 1024, .idle = 1}};
  EXPECT_THAT(lines(v1_writes(resources, kGuest)), ::testing::ElementsAre("cpu.idle=1"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)), ::testing::ElementsAre("cpu.idle=1"));
}

TEST(CgroupLimits, throttles_name_their_device) {
  const oci::Resources resources{.block_io = oci::BlockIo{.weight = 1000, .read_bps = {{8, 0, 1024}}}};
  EXPECT_THAT(lines(v1_writes(resources, kGuest)),
              ::testing::ElementsAre("blkio.weight=1000", "blkio.throttle.read_bps_device=8:0 1024"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("io.weight=10000", "io.max=8:0 rbps=1024"));
}

TEST(CgroupLimits, weights_out_of_range_stay_so) {
  for (const auto& [weight, text] :
       {std::pair<uint16_t, std::string>{1, "0"}, {9, "0"}, {10, "1"}, {1000, "10000"}}) {
    EXPECT_THAT(lines(v2_writes({.block_io = oci::BlockIo{.weight = weight}}, kGuest)),
                ::testing::ElementsAre("io.weight=" + text));
  }
  EXPECT_THAT(lines(v2_writes({.block_io = oci::BlockIo{.weight = 1001}}, kGuest)),
              ::testing::ElementsAre("io.weight=10010"));
}

TEST(CgroupLimits, weights_prefer_the_files_of_bfq) {
  const oci::Resources resources{.block_io = oci::BlockIo{.weight = 505, .device_weights = {{8, 16, 1000}}}};
  const auto preferred = [](const std::vector<CgroupWrite>& writes) {
    std::vector<std::string> text;
    for (const CgroupWrite& write : writes) text.push_back(write.preferred_file + "=" + write.preferred_text);
    return text;
  };
  EXPECT_THAT(lines(v1_writes(resources, kGuest)),
              ::testing::ElementsAre("blkio.weight=505", "blkio.weight_device=8:16 1000"));
  EXPECT_THAT(preferred(v1_writes(resources, kGuest)),
              ::testing::ElementsAre("blkio.bfq.weight=505", "blkio.bfq.weight_device=8:16 1000"));
  EXPECT_THAT(lines(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("io.weight=5000", "io.weight=8:16 10000"));
  EXPECT_THAT(preferred(v2_writes(resources, kGuest)),
              ::testing::ElementsAre("io.bfq.weight=505", "io.bfq.weight=8:16 1000"));
}

}  // namespace
}  // namespace caisson::runtime
