// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "runtime/bundle/container_request.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

void expect_refused(Status status, int code, const std::string& message) {
  const auto checked = check_takes_process(status);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, code);
  EXPECT_EQ(checked.error().message, message);
}

TEST(TakesProcess, one_that_runs_or_waits_for_its_start) {
  EXPECT_TRUE(check_takes_process(Status::running));
  EXPECT_TRUE(check_takes_process(Status::created));
}

TEST(TakesProcess, others_say_why_not) {
  expect_refused(Status::stopped, ESRCH, "cannot exec in a stopped container");
  expect_refused(Status::paused, EBUSY,
                 "cannot exec in a paused container (use --ignore-paused to override)");
  expect_refused(Status::creating, EBUSY, "cannot exec in a container that is still being created");
}

TEST(Token, is_never_that_of_the_first_process_or_of_none) {
  for (uint64_t drawn = 0; drawn < 8; ++drawn) {
    EXPECT_GT(token_of(drawn), kInitProcess) << drawn;
  }
  EXPECT_EQ(token_of(kInitProcess + 1), kInitProcess + 1);
  EXPECT_EQ(token_of(std::numeric_limits<uint64_t>::max()), std::numeric_limits<uint64_t>::max());
}

TEST(ExecCgroup, is_a_path_of_the_one_hierarchy) {
  EXPECT_TRUE(check_exec_cgroup(""));
  EXPECT_TRUE(check_exec_cgroup("/worker"));
  const auto checked = check_exec_cgroup("memory:/worker");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, EINVAL);
  EXPECT_EQ(checked.error().message,
            "--cgroup memory:/worker: the guest has one hierarchy (cgroup v2); give a path alone");
}

class Exec : public ::testing::Test {
 protected:
  // Its machine: this process, which nothing here signals; or none.
  void make(Status status, bool has_machine) {
    const auto locked = root_.reserve("box");
    ContainerState state;
    state.id = "box";
    state.oci_version = "1.0.2";
    state.status = status;
    if (has_machine) state.vmm = *ProcessIdentity::of(::getpid());
    ASSERT_TRUE(locked && locked->directory().save(state));
  }
  [[nodiscard]] Error refusal(const ExecRequest& request) const {
    auto code = exec_in_container(root_, request);
    EXPECT_FALSE(code);
    return code ? Error{} : code.error();
  }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST_F(Exec, of_none_says_so) {
  EXPECT_EQ(refusal({.container = "box"}).code, ENOENT);
}

TEST_F(Exec, in_one_that_has_ended_is_refused) {
  make(Status::running, false);
  EXPECT_EQ(refusal({.container = "box"}).message, "cannot exec in a stopped container");
}

TEST_F(Exec, in_a_paused_one_is_refused_unless_it_shall_wait) {
  make(Status::paused, true);
  EXPECT_EQ(refusal({.container = "box"}).code, EBUSY);
}

TEST_F(Exec, goes_by_the_configuration_on_record) {
  make(Status::running, true);
  EXPECT_EQ(refusal({.container = "box"}).code, ENOENT);
  ASSERT_TRUE(root_.find("box")->write("config.json", "{"));
  EXPECT_THAT(refusal({.container = "box"}).message,
              ::testing::StartsWith(scratch_.path().string() + "/root/box/config.json: "));
}

}  // namespace
}  // namespace caisson::runtime
