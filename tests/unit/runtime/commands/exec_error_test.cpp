// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/exec_error.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

const std::string kFailed = "start container box: exec: \"foo\": not to be had";

TEST(ExecExitCode, is_the_shells) {
  EXPECT_EQ(exec_exit_code({.code = ENOENT, .message = kFailed}), 127);
  EXPECT_EQ(exec_exit_code({.code = EACCES, .message = kFailed}), 126);
  EXPECT_EQ(exec_exit_code({.code = ENOEXEC, .message = kFailed}), 126);
}

TEST(ExecExitCode, another_error_is_passed_on) {
  const auto code = exec_exit_code({.code = ENOENT, .message = "open exec: no such file"});
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ENOENT);
  EXPECT_EQ(code.error().message, "open exec: no such file");
}

TEST(ExecError, is_told_by_the_agents_words) {
  EXPECT_TRUE(is_exec_error({.code = EIO, .message = kFailed}));
  EXPECT_FALSE(is_exec_error({.code = EIO, .message = "exec: foo"}));
  EXPECT_FALSE(is_exec_error({.code = EIO, .message = ""}));
}

}  // namespace
}  // namespace caisson::runtime
