// SPDX-License-Identifier: Apache-2.0
// Whatever happens between two of its steps, nobody takes a program that runs for one that waits.
#include "runtime/lifecycle/start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class Start : public ::testing::Test {
 protected:
  Start() {
    config_.oci_version = "1.0.2";
    config_.process.emplace();
  }
  Result<void> start(ContainerState state) {
    EXPECT_TRUE(sandbox_.directory().save(state));
    return start_container(sandbox_.directory(), state, config_);
  }
  std::string refusal(ContainerState state) {
    const auto started = start(std::move(state));
    EXPECT_TRUE(!started && started.error().code == EINVAL);
    return started ? "none" : started.error().message;
  }
  // A hook after the start that fails.
  void fail_poststart(const std::string& oci_version) {
    config_.oci_version = oci_version;
    config_.hooks.poststart = {{.path = "/bin/false", .args = {"false"}}};
  }

  test::FakeSandbox sandbox_;
  oci::Config config_;
};

TEST_F(Start, is_on_record_before_the_guest_is_asked) {
  ASSERT_TRUE(start(sandbox_.record(Status::created)));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("StartContainer: created, starting"));
  const ContainerState state = sandbox_.on_record();
  EXPECT_EQ(state.status, Status::running);
  EXPECT_TRUE(state.started);
  EXPECT_FALSE(state.is_starting);
}

TEST_F(Start, of_another_than_a_created_one_is_refused) {
  EXPECT_EQ(refusal(sandbox_.record(Status::running)), "cannot start an already running container");
  EXPECT_EQ(refusal(sandbox_.record(Status::paused)), "cannot start an already running container");
  EXPECT_EQ(refusal(sandbox_.record(Status::stopped)), "cannot start a container that has stopped");
  EXPECT_EQ(refusal(sandbox_.record(Status::creating)),
            "cannot start a container that is still being created");
  EXPECT_THAT(sandbox_.heard(), ElementsAre());
}

TEST_F(Start, without_a_process_is_refused) {
  config_.process.reset();
  EXPECT_EQ(refusal(sandbox_.record(Status::created)),
            "process: is missing, which a container needs to be started");
  EXPECT_THAT(sandbox_.heard(), ElementsAre());
}

TEST_F(Start, that_fails_ends_the_machine) {
  sandbox_.refuse("StartContainer", {.code = ENOENT, .message = "exec: \"x\": no such file"});
  const auto started = start(sandbox_.record(Status::created));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ENOENT);
  EXPECT_FALSE(sandbox_.on_record().is_starting);
  EXPECT_EQ(sandbox_.on_record().current_status(), Status::stopped);
}

TEST_F(Start, without_an_answer_is_left_to_the_next) {
  sandbox_.refuse("StartContainer", {.code = ETIMEDOUT, .message = "no answer in time"});
  const auto started = start(sandbox_.record(Status::created));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ETIMEDOUT);
  EXPECT_TRUE(sandbox_.on_record().is_starting);
  EXPECT_FALSE(sandbox_.machine().ended_by());
}

TEST_F(Start, interrupted_one_is_ended_by_the_next) {
  sandbox_.refuse("StartContainer", {.code = EBUSY, .message = "it has started"});
  ContainerState state = sandbox_.record(Status::created);
  state.is_starting = true;
  ASSERT_TRUE(start(state));
  EXPECT_EQ(sandbox_.on_record().status, Status::running);
  EXPECT_FALSE(sandbox_.machine().ended_by());
}

TEST_F(Start, refused_as_started_by_none_before_is_an_error_and_no_end) {
  sandbox_.refuse("StartContainer", {.code = EBUSY, .message = "it has started"});
  const auto started = start(sandbox_.record(Status::created));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, EBUSY);
  EXPECT_FALSE(sandbox_.machine().ended_by());
}

TEST_F(Start, failed_hook_after_it_is_a_warning_to_older_versions) {
  fail_poststart("1.2.0");
  EXPECT_TRUE(start(sandbox_.record(Status::created)));
  EXPECT_FALSE(sandbox_.machine().ended_by());
}

TEST_F(Start, failed_hook_after_it_ends_the_container_since_1_2_1) {
  for (const char* version : {"1.2.1", "1.3.0", "2.0.0"}) {
    test::FakeSandbox sandbox;
    fail_poststart(version);
    ContainerState state = sandbox.record(Status::created);
    const auto started = start_container(sandbox.directory(), state, config_);
    ASSERT_FALSE(started) << version;
    EXPECT_THAT(started.error().message, ::testing::HasSubstr("poststart"));
    EXPECT_EQ(sandbox.on_record().current_status(), Status::stopped) << version;
  }
}

}  // namespace
}  // namespace caisson::runtime
