// SPDX-License-Identifier: Apache-2.0
// Each limit is read from the field of its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/oci/resources.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::StartsWith;

Resources parsed(const std::string& text) {
  auto resources = parse_resources(text);
  EXPECT_TRUE(resources) << resources.error().message;
  return resources.value_or(Resources());
}

std::string error_of(const std::string& text) {
  const auto resources = parse_resources(text);
  return resources ? "none" : resources.error().message;
}

TEST(ResourcesFields, of_memory) {
  const Resources resources = parsed(R"({"memory":{"limit":1,"reservation":2,"swap":3,"swappiness":4,
    "disableOOMKiller":true,"useHierarchy":true,"checkBeforeUpdate":true}})");
  EXPECT_EQ(resources.memory->limit, 1);
  EXPECT_EQ(resources.memory->reservation, 2);
  EXPECT_EQ(resources.memory->swap, 3);
  EXPECT_EQ(resources.memory->swappiness, 4U);
  EXPECT_TRUE(resources.memory->disable_oom_killer);
  EXPECT_TRUE(resources.memory->use_hierarchy);
  EXPECT_TRUE(resources.memory->check_before_update);
}

TEST(ResourcesFields, of_cpu) {
  const Resources resources =
      parsed(R"({"cpu":{"shares":1,"quota":-1,"burst":3,"period":4,"cpus":"0-3","mems":"1","idle":1}})");
  EXPECT_EQ(resources.cpu->shares, 1U);
  EXPECT_EQ(resources.cpu->quota, -1);
  EXPECT_EQ(resources.cpu->burst, 3U);
  EXPECT_EQ(resources.cpu->period, 4U);
  EXPECT_EQ(resources.cpu->cpus, "0-3");
  EXPECT_EQ(resources.cpu->mems, "1");
  EXPECT_EQ(resources.cpu->idle, 1);
}

TEST(ResourcesFields, of_pids_and_devices) {
  const Resources resources = parsed(R"({"pids":{"limit":-1},
    "devices":[{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"},{"allow":false}]})");
  EXPECT_EQ(resources.pids->limit, -1);
  ASSERT_EQ(resources.devices.size(), 2U);
  EXPECT_TRUE(resources.devices[0].allow);
  EXPECT_EQ(resources.devices[0].type.letter, 'c');
  EXPECT_EQ(resources.devices[0].major, 1);
  EXPECT_EQ(resources.devices[0].minor, 3);
  EXPECT_EQ(resources.devices[0].access, "rw");
  EXPECT_EQ(resources.devices[1].type.letter, 'a');
  EXPECT_FALSE(resources.devices[1].major);
  EXPECT_FALSE(resources.devices[1].minor);
}

TEST(ResourcesFields, of_block_io) {
  const Resources resources = parsed(R"({"blockIO":{"weight":10,
    "weightDevice":[{"major":8,"minor":1,"weight":20}],
    "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1}],
    "throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":2}],
    "throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":3}],
    "throttleWriteIOPSDevice":[{"major":9,"minor":7,"rate":0}]}})");
  const BlockIo& io = *resources.block_io;
  EXPECT_EQ(io.weight, 10);
  EXPECT_EQ(io.device_weights.at(0).major, 8);
  EXPECT_EQ(io.device_weights.at(0).minor, 1);
  EXPECT_EQ(io.device_weights.at(0).weight, 20);
  EXPECT_EQ(io.read_bps.at(0).rate, 1U);
  EXPECT_EQ(io.write_bps.at(0).rate, 2U);
  EXPECT_EQ(io.read_iops.at(0).rate, 3U);
  EXPECT_EQ(io.write_iops.at(0).major, 9);
  EXPECT_EQ(io.write_iops.at(0).minor, 7);
  EXPECT_EQ(io.write_iops.at(0).rate, 0U);
}

TEST(ResourcesFields, of_the_guests_cgroup) {
  EXPECT_EQ(parsed(R"({"unified":{"memory.high":"1"}})").unified.at("memory.high"), "1");
}

TEST(ResourcesFields, not_given_are_absent) {
  const Resources none = parsed("{}");
  EXPECT_FALSE(none.memory || none.cpu || none.pids || none.block_io);
  const Resources empty = parsed(R"({"memory":{},"cpu":{},"pids":{},"blockIO":{}})");
  EXPECT_FALSE(empty.memory->limit || empty.memory->reservation || empty.memory->swap);
  EXPECT_FALSE(empty.memory->disable_oom_killer || empty.memory->check_before_update);
  EXPECT_FALSE(empty.cpu->quota || empty.cpu->period || empty.cpu->shares || empty.cpu->burst ||
               empty.cpu->idle);
  EXPECT_FALSE(empty.pids->limit);
  EXPECT_FALSE(empty.block_io->weight);
}

TEST(ResourcesFields, required_ones_are_missed_by_their_path) {
  EXPECT_EQ(error_of(R"({"devices":[{}]})"), "resources: devices[0]: allow is missing");
  EXPECT_EQ(error_of(R"({"blockIO":{"throttleReadBpsDevice":[{"major":1,"minor":1}]}})"),
            "resources: blockIO.throttleReadBpsDevice[0]: rate is missing");
  EXPECT_EQ(error_of(R"({"blockIO":{"weightDevice":[{"minor":1}]}})"),
            "resources: blockIO.weightDevice[0]: major is missing");
  EXPECT_EQ(error_of(R"({"blockIO":{"weightDevice":[{"major":1}]}})"),
            "resources: blockIO.weightDevice[0]: minor is missing");
}

TEST(ResourcesFields, what_the_guest_lacks_is_refused) {
  for (const auto& [text, path] : std::vector<std::pair<std::string, std::string>>{
           {R"({"hugepageLimits":[{"pageSize":"2MB"}]})", "hugepageLimits"},
           {R"({"network":{"classID":1}})", "network"},
           {R"({"rdma":{"mlx5":{}}})", "rdma"},
           {R"({"memory":{"kernel":1}})", "memory.kernel"},
           {R"({"memory":{"kernelTCP":1}})", "memory.kernelTCP"},
           {R"({"cpu":{"realtimeRuntime":1}})", "cpu.realtimeRuntime"},
           {R"({"cpu":{"realtimePeriod":1}})", "cpu.realtimePeriod"},
           {R"({"blockIO":{"leafWeight":10}})", "blockIO.leafWeight"},
           {R"({"blockIO":{"weightDevice":[{"major":1,"minor":1,"leafWeight":10}]}})",
            "blockIO.weightDevice[0].leafWeight"}}) {
    EXPECT_THAT(error_of(text), StartsWith("resources: " + path + ": not supported: "));
  }
}

TEST(ResourcesFields, numbers_keep_to_what_they_count) {
  EXPECT_EQ(error_of(R"({"cpu":{"shares":-1}})"), "resources: cpu.shares: must not be negative");
  EXPECT_EQ(error_of(R"({"cpu":{"period":-1}})"), "resources: cpu.period: must not be negative");
  EXPECT_EQ(error_of(R"({"cpu":{"burst":-1}})"), "resources: cpu.burst: must not be negative");
  EXPECT_EQ(error_of(R"({"blockIO":{"weight":65536}})"), "resources: blockIO.weight: must be at most 65535");
  EXPECT_EQ(error_of(R"({"blockIO":{"throttleReadBpsDevice":[{"major":1,"minor":1,"rate":-1}]}})"),
            "resources: blockIO.throttleReadBpsDevice[0].rate: must not be negative");
}

}  // namespace
}  // namespace caisson::runtime::oci
