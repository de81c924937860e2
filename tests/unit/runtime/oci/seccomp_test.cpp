// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

namespace caisson::runtime::oci {
namespace {

using ::testing::HasSubstr;

Seccomp allow_all_but(SeccompSyscall syscall) {
  return Seccomp{
      .default_action = "SCMP_ACT_ALLOW", .architectures = {"SCMP_ARCH_X86_64"}, .syscalls = {syscall}};
}

TEST(Seccomp, program_is_whole_instructions) {
  const auto filter = compile_seccomp(allow_all_but({.names = {"getcwd"}, .action = "SCMP_ACT_ERRNO"}));
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_GT(filter->program.size(), 0U);
  EXPECT_EQ(filter->program.size() % sizeof(sock_filter), 0U);
}

TEST(Seccomp, notify_is_refused_by_path) {
  const auto filter = compile_seccomp(allow_all_but({.names = {"getcwd"}, .action = "SCMP_ACT_NOTIFY"}));
  ASSERT_FALSE(filter);
  EXPECT_THAT(filter.error().message, HasSubstr("linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY"));
}

TEST(Seccomp, unknown_words_are_refused_by_path) {
  EXPECT_FALSE(compile_seccomp(allow_all_but({.names = {"getcwd"}, .action = "FISH"})));
  EXPECT_FALSE(compile_seccomp(allow_all_but({.names = {}, .action = "SCMP_ACT_ERRNO"})));
  EXPECT_FALSE(compile_seccomp({.default_action = "SCMP_ACT_ALLOW", .architectures = {"FISH"}}));
  EXPECT_FALSE(compile_seccomp({.default_action = "SCMP_ACT_ALLOW", .flags = {"FISH"}}));
  EXPECT_FALSE(compile_seccomp(allow_all_but(
      {.names = {"getcwd"}, .action = "SCMP_ACT_ERRNO", .args = {{.index = 6, .op = "SCMP_CMP_EQ"}}})));
  EXPECT_FALSE(compile_seccomp(allow_all_but(
      {.names = {"getcwd"}, .action = "SCMP_ACT_ERRNO", .args = {{.index = 0, .op = "FISH"}}})));
}

TEST(Seccomp, unknown_syscalls_are_passed_over) {
  EXPECT_TRUE(compile_seccomp(allow_all_but({.names = {"fish_and_chips"}, .action = "SCMP_ACT_ERRNO"})));
}

TEST(Seccomp, two_conditions_on_one_argument_are_alternatives) {
  EXPECT_TRUE(compile_seccomp(allow_all_but({.names = {"socket"},
                                             .action = "SCMP_ACT_ERRNO",
                                             .args = {{.index = 0, .value = 16, .op = "SCMP_CMP_EQ"},
                                                      {.index = 0, .value = 40, .op = "SCMP_CMP_EQ"}}})));
}

TEST(Seccomp, flags_become_the_kernels) {
  const auto filter =
      compile_seccomp({.default_action = "SCMP_ACT_ALLOW", .flags = {"SECCOMP_FILTER_FLAG_LOG"}});
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->flags, uint32_t{SECCOMP_FILTER_FLAG_LOG});
}

TEST(Seccomp, errno_for_an_action_without_one_is_refused) {
  EXPECT_FALSE(compile_seccomp(
      allow_all_but({.names = {"getcwd"}, .action = "SCMP_ACT_KILL_PROCESS", .errno_ret = 2})));
}

TEST(Seccomp, listener_that_nothing_notifies_is_no_error) {
  auto seccomp = allow_all_but({.names = {"getcwd"}, .action = "SCMP_ACT_ERRNO"});
  seccomp.listener_path = "/run/listener.sock";
  EXPECT_TRUE(compile_seccomp(seccomp));
}

TEST(Seccomp, denying_default_is_preceded_by_the_answer_for_unknown_syscalls) {
  const auto size_with = [](const char* default_action) {
    return compile_seccomp({.default_action = default_action,
                            .architectures = {"SCMP_ARCH_X86_64"},
                            .syscalls = {{.names = {"getcwd"}, .action = "SCMP_ACT_TRAP"}}})
        ->program.size();
  };
  EXPECT_GT(size_with("SCMP_ACT_ERRNO"), size_with("SCMP_ACT_ALLOW"));
  EXPECT_EQ(size_with("SCMP_ACT_LOG"), size_with("SCMP_ACT_ALLOW"));
}

}  // namespace
}  // namespace caisson::runtime::oci
