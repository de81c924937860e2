// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace caisson::runtime {
namespace {

class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

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
  Child child;
  const auto identity = *ProcessIdentity::of(child.pid());
  const auto process = open_process(identity);
  ASSERT_TRUE(process);
  ASSERT_TRUE(send_signal(*process, SIGKILL));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  EXPECT_TRUE(wait_for_end(*process, deadline).value());
  EXPECT_FALSE(identity.is_alive());
}

TEST(ProcessIdentity, waiting_ends_at_the_deadline) {
  Child child;
  const auto process = open_process(*ProcessIdentity::of(child.pid()));
  ASSERT_TRUE(process);
  EXPECT_FALSE(wait_for_end(*process, std::chrono::steady_clock::now()).value());
}

}  // namespace
}  // namespace caisson::runtime
