// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

oci::Hook shell(const std::string& script) {
  return {.path = "/bin/sh", .args = {"sh", "-c", script}};
}

TEST(Hooks, state_arrives_on_standard_input) {
  EXPECT_TRUE(run_hooks({shell("test \"$(cat)\" = '{\"id\":\"x\"}'")}, "prestart",
                        {.state_json = "{\"id\":\"x\"}", .directory = "/"}));
}

TEST(Hooks, failure_is_named_and_quoted) {
  const auto ran = run_hooks({shell("exit 0"), shell("echo no luck >&2; exit 3")}, "createRuntime",
                             {.state_json = "{}", .directory = "/"});
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message, HasSubstr("error running createRuntime hook #1: "));
  EXPECT_THAT(ran.error().message, HasSubstr("exit status 3"));
  EXPECT_THAT(ran.error().message, HasSubstr("no luck"));
}

TEST(Hooks, missing_program_is_an_error) {
  EXPECT_THAT(run_hooks({{.path = "/nonexistent/hook"}}, "prestart", {.state_json = "{}", .directory = "/"})
                  .error()
                  .message,
              HasSubstr("/nonexistent/hook"));
}

TEST(Hooks, timeout_kills) {
  oci::Hook hook = shell("exec sleep 600");
  hook.timeout = 1;
  const auto ran = run_hooks({hook}, "prestart", {.state_json = "{}", .directory = "/"});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, ETIMEDOUT);
}

TEST(Hooks, environment_is_the_hooks_own) {
  oci::Hook hook = shell("test \"$A\" = b && test -z \"$HOME\"");
  hook.env = {"A=b"};
  EXPECT_TRUE(run_hooks({hook}, "prestart", {.state_json = "{}", .directory = "/"}));
}

TEST(Hooks, without_an_environment_it_has_ours) {
  ::setenv("CAISSON_HOOK_TEST", "seen", 1);
  EXPECT_TRUE(run_hooks({shell("test \"$CAISSON_HOOK_TEST\" = seen")}, "prestart",
                        {.state_json = "{}", .directory = "/"}));
  ::unsetenv("CAISSON_HOOK_TEST");
}

TEST(Hooks, descriptors_of_the_runtime_are_not_inherited) {
  EXPECT_TRUE(
      run_hooks({shell("test ! -e /proc/$$/fd/3")}, "prestart", {.state_json = "{}", .directory = "/"}));
}

}  // namespace
}  // namespace caisson::runtime
