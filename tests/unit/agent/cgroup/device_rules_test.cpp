// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/device_rules.h"

#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

constexpr uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;
constexpr uint32_t kAll = kRead | kWrite | kMknod;

// The first match of a request with this rule alone.
Result<DeviceMatch> match_of(const v1::DeviceRule& rule) {
  v1::Resources resources;
  *resources.add_device_rules() = rule;
  return TRY(device_matches(resources)).front();
}

v1::DeviceRule rule_of(const std::string& type, const std::string& access) {
  v1::DeviceRule rule;
  rule.set_type(type);
  rule.set_access(access);
  rule.set_major_number(8);
  rule.set_minor_number(1);
  return rule;
}

TEST(DeviceRules, rule_says_what_it_says) {
  v1::DeviceRule rule = rule_of("b", "r");
  DeviceMatch match = match_of(rule).value();
  EXPECT_FALSE(match.allow);
  EXPECT_EQ(match.type, 'b');
  EXPECT_EQ(match.major, 8);
  EXPECT_EQ(match.minor, 1);
  EXPECT_EQ(match.access, kRead);
  rule.set_allow(true);
  rule.set_access("wm");
  match = match_of(rule).value();
  EXPECT_TRUE(match.allow);
  EXPECT_EQ(match.access, kWrite | kMknod);
  rule.set_access("");
  EXPECT_EQ(match_of(rule)->access, kAll);
}

TEST(DeviceRules, number_that_is_not_given_is_any) {
  v1::DeviceRule rule = rule_of("c", "rwm");
  rule.clear_major_number();
  rule.clear_minor_number();
  EXPECT_EQ(match_of(rule)->major, -1);
  EXPECT_EQ(match_of(rule)->minor, -1);
}

TEST(DeviceRules, rule_about_everything_is_about_everything_whatever_else_it_says) {
  for (const char* type : {"a", ""}) {
    const DeviceMatch match = match_of(rule_of(type, "r")).value();
    EXPECT_EQ(match.type, 'a');
    EXPECT_EQ(match.major, -1);
    EXPECT_EQ(match.minor, -1);
    EXPECT_EQ(match.access, kAll);
  }
}

TEST(DeviceRules, types_accesses_and_numbers_that_there_are_not_are_refused) {
  for (const char* type : {"d", "cc", "B", "p"}) {
    EXPECT_EQ(match_of(rule_of(type, "r")).error().message, "read device rule: type is a, b or c") << type;
  }
  for (const char* access : {"x", "rwx", "R", "r w"}) {
    EXPECT_EQ(match_of(rule_of("c", access)).error().message, "read device rule: access is of r, w and m");
  }
  v1::DeviceRule rule = rule_of("c", "r");
  rule.set_major_number(UINT32_MAX);
  rule.set_minor_number(UINT32_MAX);
  EXPECT_TRUE(match_of(rule));
  rule.set_major_number(int64_t{UINT32_MAX} + 1);
  EXPECT_EQ(match_of(rule).error().message, "read device rule: number out of range");
  rule = rule_of("c", "r");
  rule.set_minor_number(int64_t{UINT32_MAX} + 1);
  EXPECT_EQ(match_of(rule).error().message, "read device rule: number out of range");
}

// What a rule of the request forbids stays usable where every container needs it, and nothing else does.
TEST(DeviceRules, default_devices_come_last_and_are_no_more_than_those) {
  v1::Resources resources;
  *resources.add_device_rules() = rule_of("a", "rwm");
  const std::vector<DeviceMatch> matches = device_matches(resources).value();
  std::string said;
  for (const DeviceMatch& match : matches) {
    said += std::string(match.allow ? "+" : "-") + match.type + std::to_string(match.major) + ":" +
            std::to_string(match.minor) + "/" + std::to_string(match.access) + " ";
  }
  EXPECT_EQ(said,
            "-a-1:-1/7 +c-1:-1/1 +b-1:-1/1 +c1:3/7 +c1:8/7 +c1:7/7 +c5:0/7 +c1:5/7 +c1:9/7 +c136:-1/7 "
            "+c5:2/7 ");
}

}  // namespace
}  // namespace caisson::agent
