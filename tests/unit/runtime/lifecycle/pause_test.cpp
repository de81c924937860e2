// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/pause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class Pause : public ::testing::Test {
 protected:
  Result<void> pause(Status status) {
    ContainerState state = sandbox_.record(status);
    return pause_container(sandbox_.directory(), state);
  }
  Result<void> resume(ContainerState state) {
    EXPECT_TRUE(sandbox_.directory().save(state));
    return resume_container(sandbox_.directory(), state);
  }

  test::FakeSandbox sandbox_;
};

TEST_F(Pause, is_on_record_before_anything_stops) {
  ASSERT_TRUE(pause(Status::running));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("PauseContainer: paused", "vmm pause: paused"));
  EXPECT_EQ(sandbox_.on_record().status, Status::paused);
}

TEST_F(Pause, of_one_that_waits_for_its_start_is_possible) {
  EXPECT_TRUE(pause(Status::created));
}

TEST_F(Pause, of_another_is_refused) {
  for (const Status status : {Status::paused, Status::creating, Status::stopped}) {
    const auto paused = pause(status);
    ASSERT_FALSE(paused);
    EXPECT_EQ(paused.error().code, EINVAL);
    EXPECT_EQ(paused.error().message, "container not running: it is " + std::string(status_name(status)));
  }
  EXPECT_THAT(sandbox_.heard(), ElementsAre());
}

TEST_F(Pause, that_fails_lets_those_go_on_that_were_stopped) {
  sandbox_.refuse("PauseContainer", {.code = EBUSY, .message = "freeze: one does not stop"});
  const auto paused = pause(Status::running);
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, EBUSY);
  EXPECT_EQ(paused.error().message, "freeze: one does not stop");
  EXPECT_THAT(sandbox_.heard(), ElementsAre("PauseContainer: paused", "ResumeContainer: paused"));
  EXPECT_EQ(sandbox_.on_record().status, Status::running);
}

TEST_F(Pause, that_the_machine_refuses_stays_on_record) {
  sandbox_.refuse("vmm pause", {.code = EIO, .message = "no"});
  const auto paused = pause(Status::running);
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().message, "pause machine: no");
  EXPECT_EQ(sandbox_.on_record().status, Status::paused) << "its processes are stopped: resume lets them go";
}

TEST_F(Pause, resume_wakes_the_machine_first) {
  ContainerState state = sandbox_.record(Status::paused);
  state.started = true;
  ASSERT_TRUE(resume(state));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("vmm resume: paused", "ResumeContainer: paused"));
  EXPECT_EQ(sandbox_.on_record().status, Status::running);
}

TEST_F(Pause, resumed_before_its_start_it_is_created_again) {
  ContainerState state = sandbox_.record(Status::paused);
  state.started = false;
  ASSERT_TRUE(resume(state));
  EXPECT_EQ(sandbox_.on_record().status, Status::created);
}

TEST_F(Pause, resume_of_what_is_not_paused_is_refused) {
  const auto resumed = resume(sandbox_.record(Status::running));
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, EINVAL);
  EXPECT_EQ(resumed.error().message, "container not paused");
}

TEST_F(Pause, resume_that_fails_leaves_it_paused) {
  sandbox_.refuse("ResumeContainer", {.code = EIO, .message = "no"});
  EXPECT_FALSE(resume(sandbox_.record(Status::paused)));
  EXPECT_EQ(sandbox_.on_record().status, Status::paused);
}

TEST_F(Pause, end_is_waited_for_by_its_record) {
  sandbox_.record(Status::paused);
  std::thread resumer([this] { sandbox_.record(Status::running); });
  const auto state = wait_for_resume(sandbox_.directory());
  resumer.join();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->current_status(), Status::running);
}

TEST_F(Pause, end_is_the_machines_too) {
  sandbox_.record(Status::paused);
  std::thread killer([this] { ::kill(sandbox_.machine().pid(), SIGKILL); });
  const auto state = wait_for_resume(sandbox_.directory());
  killer.join();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->current_status(), Status::stopped);
}

}  // namespace
}  // namespace caisson::runtime
