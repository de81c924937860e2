// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/process_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "tests/support/child_process.h"

namespace caisson::runtime {
namespace {

TEST(ProcessIdentity, own_process_is_alive) {
  EXPECT_TRUE(ProcessIdentity::of(::getpid())->is_alive());
}

TEST(ProcessIdentity, other_start_time_is_not_it) {
  auto identity = *ProcessIdentity::of(::getpid());
  identity.start_time += 1;
  EXPECT_FALSE(identity.is_alive());
  EXPECT_EQ(open_process(identity).error().code, ESRCH);
}

TEST(ProcessIdentity, no_process_is_not_alive) {
  EXPECT_FALSE(ProcessIdentity{}.is_alive());
  EXPECT_EQ(open_process(ProcessIdentity{}).error().code, ESRCH);
}

TEST(ProcessIdentity, zombie_counts_as_dead) {
  test::ChildProcess child;
  const auto identity = *ProcessIdentity::of(child.pid());
  const auto process = open_process(identity);
  ASSERT_TRUE(process);
  ASSERT_TRUE(send_signal(*process, SIGKILL));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  EXPECT_TRUE(wait_for_end(*process, deadline).value());
  EXPECT_FALSE(identity.is_alive());
}

// A process names itself, and the name stands in the text that its start time is read from.
TEST(ProcessIdentity, name_of_a_process_does_not_change_who_it_is) {
  const auto before = ProcessIdentity::of(::getpid());
  ASSERT_TRUE(before);
  char former[16] = {};
  ASSERT_EQ(::prctl(PR_GET_NAME, former), 0);
  for (const char* name : {") Z 1 1 1", "a) b) c", "(", "", "a) Z"}) {
    ASSERT_EQ(::prctl(PR_SET_NAME, name), 0);
    EXPECT_EQ(ProcessIdentity::of(::getpid()).value(), *before) << name;
    EXPECT_TRUE(before->is_alive()) << name;
  }
  ::prctl(PR_SET_NAME, former);
}

TEST(ProcessIdentity, start_is_that_of_the_process) {
  const test::ChildProcess child;
  const auto own = ProcessIdentity::of(::getpid());
  const auto of_child = ProcessIdentity::of(child.pid());
  ASSERT_TRUE(own && of_child);
  EXPECT_EQ(of_child->pid, child.pid());
  EXPECT_GE(of_child->start_time, own->start_time) << "a child starts no sooner than its parent";
}

TEST(ProcessIdentity, one_that_has_gone_cannot_be_told) {
  test::ChildProcess child;
  const pid_t pid = child.pid();
  child.end();
  const auto identity = ProcessIdentity::of(pid);
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, ESRCH);
}

TEST(ProcessIdentity, no_program_inherits_the_descriptor) {
  const test::ChildProcess child;
  const auto process = open_process(*ProcessIdentity::of(child.pid()));
  ASSERT_TRUE(process);
  EXPECT_EQ(::fcntl(process->get(), F_GETFD), FD_CLOEXEC);
}

TEST(ProcessIdentity, signal_to_one_that_has_gone_is_an_error) {
  test::ChildProcess child;
  const auto process = open_process(*ProcessIdentity::of(child.pid()));
  ASSERT_TRUE(process);
  child.end();
  const auto sent = send_signal(*process, SIGTERM);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ESRCH);
}

TEST(ProcessIdentity, waiting_ends_at_the_deadline) {
  test::ChildProcess child;
  const auto process = open_process(*ProcessIdentity::of(child.pid()));
  ASSERT_TRUE(process);
  EXPECT_FALSE(wait_for_end(*process, std::chrono::steady_clock::now()).value());
}

}  // namespace
}  // namespace caisson::runtime
