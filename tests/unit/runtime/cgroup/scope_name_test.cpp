// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/scope_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

TEST(ScopeName, form_of_engines_is_taken_apart) {
  const auto name = scope_name("machine.slice:libpod:abc", "abc");
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(name->slice, "machine.slice");
  EXPECT_EQ(name->unit, "libpod-abc.scope");
}

TEST(ScopeName, parts_may_be_empty_but_the_name) {
  EXPECT_EQ(scope_name("", "box")->unit, "caisson-box.scope");
  EXPECT_EQ(scope_name("", "box")->slice, "system.slice");
  EXPECT_EQ(scope_name("::x", "box")->unit, "x.scope");
  EXPECT_EQ(scope_name("user.slice::x", "box")->slice, "user.slice");
}

TEST(ScopeName, other_forms_are_refused) {
  for (const char* path : {"/a/b", "machine.slice", "machine.slice:x", "a.slice:b:", "a.slice:b:c:d",
                           "machine:b:c", "a.slice:b:c.slice", "a/b.slice:c:d"}) {
    const auto name = scope_name(path, "box");
    ASSERT_FALSE(name) << path;
    EXPECT_EQ(name.error().code, EINVAL);
    EXPECT_EQ(name.error().message.find("linux.cgroupsPath"), 0U);
  }
}

std::vector<std::string> texts(const std::vector<CgroupWrite>& writes) {
  std::vector<std::string> texts;
  for (const ScopeProperty& property : scope_properties(writes)) {
    std::string value;
    if (const auto* number = std::get_if<uint64_t>(&property.value)) {
      value = std::to_string(*number);
    } else if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&property.value)) {
      for (const uint8_t byte : *bytes) value += std::to_string(byte) + ".";
    }
    texts.push_back(property.name + "=" + value);
  }
  return texts;
}

CgroupWrite write(const char* file, const char* text) {
  return {.controller = "x", .file = file, .text = text, .path = "y"};
}

TEST(ScopeProperties, limits_have_systemds_names_in_either_version) {
  EXPECT_THAT(texts({write("memory.max", "1000"), write("cpu.weight", "39"), write("io.weight", "7")}),
              ElementsAre("MemoryMax=1000", "CPUWeight=39", "IOWeight=7"));
  EXPECT_THAT(texts({write("memory.limit_in_bytes", "1000"), write("cpu.shares", "512"),
                     write("blkio.weight", "500")}),
              ElementsAre("MemoryLimit=1000", "CPUShares=512", "BlockIOWeight=500"));
  EXPECT_TRUE(texts({}).empty());
  EXPECT_TRUE(texts({write("io.max", "8:0 rbps=1")}).empty());
}

TEST(ScopeProperties, quota_is_rounded_up_to_systemds_steps) {
  EXPECT_THAT(texts({write("cpu.max", "50000 200000")}),
              ElementsAre("CPUQuotaPeriodUSec=200000", "CPUQuotaPerSecUSec=250000"));
  EXPECT_THAT(texts({write("cpu.cfs_quota_us", "1001"), write("cpu.cfs_period_us", "100000")}),
              ElementsAre("CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=20000"));
  EXPECT_THAT(texts({write("cpu.max", "max 100000")}),
              ElementsAre("CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=18446744073709551615"));
  EXPECT_THAT(texts({write("cpu.cfs_quota_us", "-1")}),
              ElementsAre("CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=18446744073709551615"));
}

TEST(ScopeProperties, lists_are_bits) {
  EXPECT_THAT(texts({write("cpuset.cpus", "0-2,9")}), ElementsAre("AllowedCPUs=7.2."));
  EXPECT_THAT(texts({write("cpuset.mems", "0")}), ElementsAre("AllowedMemoryNodes=1."));
  for (const char* bad : {"2-1", "x", "1-", "-1", "99999999"}) {
    EXPECT_TRUE(texts({write("cpuset.cpus", bad)}).empty()) << bad;
  }
}

}  // namespace
}  // namespace caisson::runtime
