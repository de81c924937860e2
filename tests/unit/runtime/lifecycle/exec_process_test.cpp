// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

oci::Config container() {
  oci::Config config;
  config.process = oci::Process{
      .terminal = true, .user = {.uid = 5, .gid = 6}, .args = {"init"}, .env = {"A=1"}, .cwd = "/w"};
  return config;
}

TEST(ExecProcess, takes_after_the_containers_own) {
  const auto process = exec_process({.command = {"ls", "-l"}}, container());
  ASSERT_TRUE(process);
  EXPECT_THAT(process->args, ::testing::ElementsAre("ls", "-l"));
  EXPECT_EQ(process->cwd, "/w");
  EXPECT_EQ(process->user.uid, 5U);
  EXPECT_FALSE(process->terminal);
}

TEST(ExecProcess, unknown_capability_is_left_out) {
  const auto process =
      exec_process({.command = {"ls"}, .capabilities = {"CAP_FISH", "CAP_KILL"}}, container());
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->capabilities->effective.bits, 1U << 5);
}

TEST(ExecProcess, command_line_wins) {
  const auto process = exec_process({.command = {"ls"},
                                     .cwd = "/x",
                                     .environment = {"B=2"},
                                     .terminal = true,
                                     .user = "7:8",
                                     .additional_gids = {"9"},
                                     .capabilities = {"CAP_KILL"},
                                     .no_new_privileges = true},
                                    container());
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_THAT(process->env, ::testing::ElementsAre("A=1", "B=2"));
  EXPECT_EQ(process->user.uid, 7U);
  EXPECT_EQ(process->user.gid, 8U);
  EXPECT_THAT(process->user.additional_gids, ::testing::ElementsAre(9U));
  EXPECT_EQ(process->capabilities->effective.bits, 1U << 5);
  EXPECT_EQ(process->capabilities->inheritable.bits, 0U);
  EXPECT_TRUE(process->terminal);
  EXPECT_TRUE(process->no_new_privileges);
}

TEST(ExecProcess, uid_alone_keeps_the_group) {
  EXPECT_EQ(exec_process({.command = {"ls"}, .user = "7"}, container())->user.gid, 6U);
}

TEST(ExecProcess, nonsense_is_refused) {
  EXPECT_FALSE(exec_process({}, container()));
  EXPECT_FALSE(exec_process({.command = {"ls"}, .user = "root"}, container()));
  EXPECT_FALSE(exec_process({.command = {"ls"}, .user = "1:"}, container()));
  EXPECT_FALSE(exec_process({.command = {"ls"}, .additional_gids = {"x"}}, container()));
  EXPECT_FALSE(exec_process({.process_file = "/nonexistent"}, container()));
}

}  // namespace
}  // namespace caisson::runtime
