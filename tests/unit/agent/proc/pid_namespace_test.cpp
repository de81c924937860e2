// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/pid_namespace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "tests/support/in_namespaces.h"

namespace caisson::agent {
namespace {

TEST(PidNamespace, numbers_are_translated_both_ways_and_only_for_who_is_in_it) {
  if (const std::string why = test::why_no_namespaces(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  if (const UniqueFd processes(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
      ::ioctl(processes.get(), _IOR(0xb7, 0x9, int), ::getpid()) < 0) {
    GTEST_SKIP() << "host: its kernel does not translate pids, it is older than Linux 6.11";
  }
  test::in_namespaces([] {
    ASSERT_EQ(::unshare(CLONE_NEWPID), 0);
    const pid_t first = ::fork();
    if (first == 0) {
      ::pause();
      ::_exit(0);
    }
    const auto inner = PidNamespace::of(first);
    ASSERT_TRUE(inner) << inner.error().message;
    EXPECT_EQ(inner->inside(first), 1);
    EXPECT_EQ(inner->outside(1), first);
    EXPECT_EQ(inner->inside(::getpid()), 0);
    EXPECT_EQ(inner->outside(2), 0);
    const auto own = PidNamespace::of(::getpid());
    ASSERT_TRUE(own);
    EXPECT_EQ(own->inside(first), first);
    ::kill(first, SIGKILL);
    EXPECT_EQ(::waitpid(first, nullptr, 0), first);
    const auto ended = PidNamespace::of(first);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ESRCH);
  });
}

}  // namespace
}  // namespace caisson::agent
