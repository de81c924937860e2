// SPDX-License-Identifier: Apache-2.0
// What a clock that is set does, tests/testbed/set_clock.bats shows: here it would be this host's.
#include "vmm/sandbox/host_clock_watch.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

using namespace std::chrono_literals;

TEST(HostClockWatch, time_that_passes_is_told_again_and_again) {
  const auto loop = EventLoop::create();
  ASSERT_TRUE(loop);
  int told = 0;
  const auto watch = HostClockWatch::create(**loop, 1s, [&](HostClockWatch::Cause cause) {
    EXPECT_EQ(cause, HostClockWatch::Cause::time_passed);
    if (++told == 2) {
      (*loop)->stop();
    }
  });
  ASSERT_TRUE(watch);
  ASSERT_TRUE((*loop)->run());
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace caisson::vmm
