// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/scope.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "runtime/system/process_identity.h"

namespace caisson::runtime {
namespace {

TEST(Placeholder, lives_as_long_as_its_object) {
  auto started = Placeholder::start();
  ASSERT_TRUE(started) << started.error().message;
  std::optional<Placeholder> placeholder(*std::move(started));
  const auto identity = ProcessIdentity::of(placeholder->pid());
  ASSERT_TRUE(identity);
  EXPECT_TRUE(identity->is_alive());
  placeholder.reset();
  EXPECT_FALSE(identity->is_alive());
  EXPECT_EQ(::waitpid(identity->pid, nullptr, WNOHANG), -1) << "it is reaped";
  EXPECT_EQ(errno, ECHILD);
}

TEST(Placeholder, is_moved_with_its_process) {
  auto started = Placeholder::start();
  ASSERT_TRUE(started) << started.error().message;
  const pid_t pid = started->pid();
  const Placeholder moved(*std::move(started));
  EXPECT_EQ(moved.pid(), pid);
  EXPECT_EQ(started->pid(), -1);
}

}  // namespace
}  // namespace caisson::runtime
