// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/kill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class Kill : public ::testing::Test {
 protected:
  // A container without a machine.
  void make(Status status) {
    const auto locked = root_.reserve("box");
    ContainerState state;
    state.id = "box";
    state.oci_version = "1.0.2";
    state.status = status;
    state.maker = *ProcessIdentity::of(::getpid());
    ASSERT_TRUE(locked && locked->directory().save(state));
  }
  [[nodiscard]] Result<void> signal(int signal, Audience audience) const {
    return signal_container(root_, "box", signal, audience);
  }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST(SignalMeant, is_told_by_name_or_number) {
  EXPECT_EQ(signal_meant("KILL"), SIGKILL);
  EXPECT_EQ(signal_meant("SIGKILL"), SIGKILL);
  EXPECT_EQ(signal_meant("9"), SIGKILL);
  EXPECT_EQ(signal_meant("hup"), SIGHUP);
}

TEST(SignalMeant, is_sigterm_where_none_is_named) {
  EXPECT_EQ(signal_meant(""), SIGTERM);
}

TEST(SignalMeant, unknown_one_is_named) {
  const auto signal = signal_meant("SIGFISH");
  ASSERT_FALSE(signal);
  EXPECT_EQ(signal.error().code, EINVAL);
  EXPECT_THAT(signal.error().message, ::testing::HasSubstr("SIGFISH"));
}

TEST_F(Kill, of_one_that_has_ended_is_an_error_but_for_all_its_processes) {
  make(Status::running);  // and no machine
  const auto sent = signal(SIGTERM, Audience::first_process);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ESRCH);
  EXPECT_EQ(sent.error().message, "container not running");
  EXPECT_TRUE(signal(SIGTERM, Audience::all_processes));
}

TEST_F(Kill, of_one_half_made_is_to_be_tried_again) {
  make(Status::creating);
  for (const Audience audience : {Audience::first_process, Audience::all_processes}) {
    const auto sent = signal(SIGKILL, audience);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, EAGAIN);
    EXPECT_EQ(sent.error().message, "container box is still being created; try again when it has been");
  }
}

TEST_F(Kill, of_none_says_so) {
  for (const Audience audience : {Audience::first_process, Audience::all_processes}) {
    const auto sent = signal(SIGKILL, audience);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ENOENT);
  }
}

class KillInGuest : public ::testing::Test {
 protected:
  Result<void> signal(Status status, int signal, Audience audience = Audience::first_process) {
    sandbox_.record(status);
    return signal_container(sandbox_.root(), "box", signal, audience);
  }

  test::FakeSandbox sandbox_;
};

TEST_F(KillInGuest, first_process_is_signalled) {
  ASSERT_TRUE(signal(Status::running, SIGUSR1));
  const auto request = sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess");
  EXPECT_EQ(request.container(), "box");
  EXPECT_EQ(request.process(), 1U);
  EXPECT_EQ(request.signal(), static_cast<uint32_t>(SIGUSR1));
  EXPECT_FALSE(request.all());
  EXPECT_THAT(sandbox_.heard(), ElementsAre("SignalProcess: running"));
}

TEST_F(KillInGuest, all_processes_are_signalled) {
  ASSERT_TRUE(signal(Status::running, SIGTERM, Audience::all_processes));
  EXPECT_TRUE(sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess").all());
}

TEST_F(KillInGuest, of_a_paused_one_wakes_its_guest_for_a_moment) {
  ASSERT_TRUE(signal(Status::paused, SIGTERM));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("vmm wake: paused", "SignalProcess: paused"));
}

TEST_F(KillInGuest, that_ends_a_paused_one_keeps_its_guest_awake) {
  ASSERT_TRUE(signal(Status::paused, SIGKILL));
  EXPECT_THAT(sandbox_.heard(),
              ElementsAre("vmm wake: paused", "SignalProcess: paused", "vmm resume: paused"));
}

TEST_F(KillInGuest, guest_that_does_not_answer_is_killed_with_its_machine) {
  sandbox_.refuse("SignalProcess", {.code = EIO, .message = "no"});
  EXPECT_TRUE(signal(Status::running, SIGKILL));
  EXPECT_EQ(sandbox_.on_record().current_status(), Status::stopped);
}

TEST_F(KillInGuest, another_signal_that_fails_is_an_error) {
  sandbox_.refuse("SignalProcess", {.code = EIO, .message = "no"});
  const auto sent = signal(Status::running, SIGTERM);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, EIO);
  EXPECT_FALSE(sandbox_.machine().ended_by());
}

TEST_F(KillInGuest, process_that_has_just_ended_is_not_running) {
  sandbox_.refuse("SignalProcess", {.code = ESRCH, .message = "gone"});
  const auto sent = signal(Status::running, SIGKILL);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ESRCH);
  EXPECT_EQ(sent.error().message, "container not running");
  EXPECT_FALSE(sandbox_.machine().ended_by()) << "it has ended by itself";
  EXPECT_TRUE(signal(Status::running, SIGKILL, Audience::all_processes));
}

}  // namespace
}  // namespace caisson::runtime
