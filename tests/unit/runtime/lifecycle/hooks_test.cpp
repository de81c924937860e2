// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/scratch_directory.h"

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

TEST(Hooks, without_the_bundle_there_is_an_error) {
  const auto ran =
      run_hooks({shell("exit 0")}, "prestart", {.state_json = "{}", .directory = "/nonexistent/bundle"});
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message,
              HasSubstr("error running prestart hooks: open /nonexistent/bundle, where hooks run: No such"));
}

TEST(Hooks, of_the_end_run_without_the_bundle_too) {
  const test::ScratchDirectory scratch;
  run_hooks_logging({shell("touch " + (scratch / "ran").string())}, "poststop",
                    {.state_json = "{}", .directory = "/nonexistent/bundle"});
  EXPECT_EQ(::access((scratch / "ran").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace caisson::runtime
