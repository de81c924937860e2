// SPDX-License-Identifier: Apache-2.0
#include "common/timer.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <array>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "tests/unit/common/event_loop_fixture.h"

namespace caisson {
namespace {

using EventLoopTimer = EventLoopTest;

TEST_F(EventLoopTimer, timers_fire_in_order_and_cancelled_ones_do_not) {
  std::string order;
  const Timer last = loop_->after(std::chrono::milliseconds(2), [&] {
    order += 'b';
    loop_->stop();
  });
  const Timer first = loop_->after(std::chrono::milliseconds(1), [&] { order += 'a'; });
  Timer cancelled = loop_->after(std::chrono::milliseconds(1), [&] { order += 'x'; });
  {
    const Timer gone = loop_->after(std::chrono::milliseconds(1), [&] { order += 'y'; });
  }
  cancelled.cancel();
  EXPECT_FALSE(cancelled.is_pending());
  EXPECT_TRUE(first.is_pending());
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(order, "ab");
  EXPECT_FALSE(first.is_pending());
}

TEST_F(EventLoopTimer, destroyed_by_its_own_task_lets_it_run_on) {
  std::optional<Timer> timer;
  int value = 0;
  timer = loop_->after(std::chrono::nanoseconds(0), [&, held = std::make_shared<int>(7)] {
    EXPECT_FALSE(timer->is_pending());
    timer.reset();
    value = *held;
    loop_->stop();
  });
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(value, 7);
}

TEST_F(EventLoopTimer, set_anew_by_its_own_task_fires_again) {
  Timer timer;
  std::function<void()> tick = [&] {
    if (++calls_ == 3) {
      loop_->stop();
    } else {
      timer = loop_->after(std::chrono::nanoseconds(0), tick);
    }
  };
  timer = loop_->after(std::chrono::nanoseconds(0), tick);
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 3);
}

TEST_F(EventLoopTimer, cancelled_by_one_that_is_due_at_the_same_time_does_not_fire) {
  std::array<Timer, 2> timers;
  const auto task = [&] {
    ++calls_;
    timers = {};
    loop_->stop();
  };
  timers[0] = loop_->after(std::chrono::nanoseconds(0), task);
  timers[1] = loop_->after(std::chrono::nanoseconds(0), task);
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 1);
}

TEST_F(EventLoopTimer, goes_on_when_moved_and_is_cancelled_when_another_is_moved_into_it) {
  std::string order;
  Timer from = loop_->after(std::chrono::nanoseconds(0), [&] { order += 'a'; });
  Timer to = loop_->after(std::chrono::nanoseconds(0), [&] { order += 'x'; });
  to = std::move(from);
  EXPECT_FALSE(from.is_pending());  // NOLINT(bugprone-use-after-move): that is what is promised
  turn();
  EXPECT_EQ(order, "a");
}

TEST_F(EventLoopTimer, outlives_its_loop_empty_and_its_task_does_not) {
  auto captured = std::make_shared<Timer>();
  const std::weak_ptr<Timer> seen = captured;
  *captured = loop_->after(std::chrono::hours(1), [] {});
  Timer timer = loop_->after(std::chrono::hours(1), [held = std::move(captured)] {});
  loop_.reset();
  EXPECT_FALSE(timer.is_pending());
  EXPECT_TRUE(seen.expired());
  timer.cancel();
}

}  // namespace
}  // namespace caisson
