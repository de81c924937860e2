// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/oci/config.h"

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;

Result<Config> parsed(const std::string& seccomp) {
  return parse_config(R"({"ociVersion":"1.0.2","root":{"path":"r"},"linux":{"seccomp":)" + seccomp + "}}");
}

std::string error_of(const std::string& seccomp) {
  const auto config = parsed(seccomp);
  return config ? "none" : config.error().message;
}

TEST(SeccompFields, each_is_read_into_its_member) {
  const auto config = parsed(R"({"defaultAction":"A","defaultErrnoRet":1,"architectures":["B"],"flags":["C"],
    "listenerPath":"/l","listenerMetadata":"m","syscalls":[{"names":["d","e"],"action":"F","errnoRet":2,
    "args":[{"index":3,"value":18446744073709551615,"valueTwo":5,"op":"G"}]}]})");
  ASSERT_TRUE(config) << config.error().message;
  const Seccomp& seccomp = *config->linux_.seccomp;
  EXPECT_EQ(seccomp.default_action, "A");
  EXPECT_EQ(seccomp.default_errno_ret, 1U);
  EXPECT_THAT(seccomp.architectures, ElementsAre("B"));
  EXPECT_THAT(seccomp.flags, ElementsAre("C"));
  EXPECT_EQ(seccomp.listener_path, "/l");
  EXPECT_EQ(seccomp.listener_metadata, "m");
  ASSERT_EQ(seccomp.syscalls.size(), 1U);
  const SeccompSyscall& rule = seccomp.syscalls[0];
  EXPECT_THAT(rule.names, ElementsAre("d", "e"));
  EXPECT_EQ(rule.action, "F");
  EXPECT_EQ(rule.errno_ret, 2U);
  EXPECT_EQ(rule.args.at(0).index, 3U);
  EXPECT_EQ(rule.args.at(0).value, UINT64_MAX);
  EXPECT_EQ(rule.args.at(0).value_two, 5U);
  EXPECT_EQ(rule.args.at(0).op, "G");
}

TEST(SeccompFields, required_ones_are_missed_by_their_path) {
  const std::string where = "config.json: linux.seccomp";
  EXPECT_EQ(error_of("{}"), where + ": defaultAction is missing");
  const auto rule = [](const std::string& members) {
    return R"({"defaultAction":"A","syscalls":[{)" + members + "}]}";
  };
  EXPECT_EQ(error_of(rule(R"("action":"F")")), where + ".syscalls[0]: names is missing");
  EXPECT_EQ(error_of(rule(R"("names":["a"])")), where + ".syscalls[0]: action is missing");
  const auto argument = [&](const std::string& members) {
    return rule(R"("names":["a"],"action":"F","args":[{)" + members + "}]");
  };
  EXPECT_EQ(error_of(argument(R"("value":1,"op":"G")")), where + ".syscalls[0].args[0]: index is missing");
  EXPECT_EQ(error_of(argument(R"("index":1,"op":"G")")), where + ".syscalls[0].args[0]: value is missing");
  EXPECT_EQ(error_of(argument(R"("index":1,"value":1)")), where + ".syscalls[0].args[0]: op is missing");
}

TEST(SeccompFields, absent_filter_is_none) {
  const auto config = parsed("null");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->linux_.seccomp);
}

}  // namespace
}  // namespace caisson::runtime::oci
