// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <seccomp.h>

namespace caisson::runtime::oci {
namespace {

TEST(SeccompNames, actions_are_libseccomps) {
  const auto action = [](std::string_view name) { return find_number(seccomp_actions(), name); };
  EXPECT_EQ(action("SCMP_ACT_ALLOW"), SCMP_ACT_ALLOW);
  EXPECT_EQ(action("SCMP_ACT_ERRNO"), SCMP_ACT_ERRNO(0));
  EXPECT_EQ(action("SCMP_ACT_TRACE"), SCMP_ACT_TRACE(0));
  EXPECT_EQ(action("SCMP_ACT_KILL"), SCMP_ACT_KILL_THREAD);
  EXPECT_EQ(action("SCMP_ACT_KILL_THREAD"), SCMP_ACT_KILL_THREAD);
  EXPECT_EQ(action("SCMP_ACT_KILL_PROCESS"), SCMP_ACT_KILL_PROCESS);
  EXPECT_EQ(action("SCMP_ACT_LOG"), SCMP_ACT_LOG);
  EXPECT_EQ(action("SCMP_ACT_TRAP"), SCMP_ACT_TRAP);
  EXPECT_FALSE(action("SCMP_ACT_NOTIFY")) << "its listener would be on the host";
  EXPECT_FALSE(action("allow"));
}

TEST(SeccompNames, operators_are_libseccomps) {
  const auto op = [](std::string_view name) { return find_number(seccomp_operators(), name); };
  EXPECT_EQ(op("SCMP_CMP_NE"), uint64_t{SCMP_CMP_NE});
  EXPECT_EQ(op("SCMP_CMP_LT"), uint64_t{SCMP_CMP_LT});
  EXPECT_EQ(op("SCMP_CMP_LE"), uint64_t{SCMP_CMP_LE});
  EXPECT_EQ(op("SCMP_CMP_EQ"), uint64_t{SCMP_CMP_EQ});
  EXPECT_EQ(op("SCMP_CMP_GE"), uint64_t{SCMP_CMP_GE});
  EXPECT_EQ(op("SCMP_CMP_GT"), uint64_t{SCMP_CMP_GT});
  EXPECT_EQ(op("SCMP_CMP_MASKED_EQ"), uint64_t{SCMP_CMP_MASKED_EQ});
}

TEST(SeccompNames, flags_are_the_kernels) {
  EXPECT_EQ(find_number(seccomp_flags(), "SECCOMP_FILTER_FLAG_LOG"), uint64_t{SECCOMP_FILTER_FLAG_LOG});
  EXPECT_EQ(find_number(seccomp_flags(), "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
            uint64_t{SECCOMP_FILTER_FLAG_SPEC_ALLOW});
  EXPECT_EQ(find_number(seccomp_flags(), "SECCOMP_FILTER_FLAG_TSYNC"), uint64_t{SECCOMP_FILTER_FLAG_TSYNC});
}

TEST(SeccompNames, lists_for_people_have_them_all) {
  EXPECT_EQ(seccomp_action_names().size(), seccomp_actions().size());
  EXPECT_EQ(seccomp_operator_names().size(), seccomp_operators().size());
  EXPECT_EQ(seccomp_flag_names().size(), seccomp_flags().size());
  EXPECT_THAT(seccomp_architecture_names(), ::testing::Contains("SCMP_ARCH_X86_64"));
}

}  // namespace
}  // namespace caisson::runtime::oci
