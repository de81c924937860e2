// SPDX-License-Identifier: Apache-2.0
#include "common/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <array>
#include <future>
#include <optional>
#include <string>
#include <thread>

namespace caisson {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  void make_readable() const { EXPECT_EQ(::write(writer.get(), "x", 1), 1); }
  UniqueFd reader;
  UniqueFd writer;
};

class EventLoopTest : public ::testing::Test {
 protected:
  Watch watch(const Pipe& pipe, EventLoop::Handler handler) {
    return loop_->watch(pipe.reader.get(), EPOLLIN, std::move(handler)).value();
  }
  // Another thread runs the loop when this returns.
  std::thread start() {
    std::promise<void> runs;
    loop_->post([&runs] { runs.set_value(); });
    std::thread runner([this] { EXPECT_TRUE(loop_->run()); });
    runs.get_future().wait();
    return runner;
  }
  // Everything that is ready or posted by now has had its turn: what is ready is heard of before the second.
  void turn() {
    loop_->post([this] { loop_->post([this] { loop_->stop(); }); });
    EXPECT_TRUE(loop_->run());
  }

  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  int calls_ = 0;
};

using EventLoopWatch = EventLoopTest;
using EventLoopTimer = EventLoopTest;
using EventLoopScope = EventLoopTest;

TEST_F(EventLoopWatch, readable_descriptor_calls_its_handler) {
  const Pipe pipe;
  const Watch watched = watch(pipe, [this](uint32_t events) {
    EXPECT_NE(events & EPOLLIN, 0U);
    ++calls_;
    loop_->stop();
  });
  pipe.make_readable();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 1);
}

TEST_F(EventLoopWatch, that_has_gone_is_not_heard_of) {
  const Pipe pipe;
  {
    const Watch watched = watch(pipe, [this](uint32_t) { ++calls_; });
  }
  pipe.make_readable();
  turn();
  EXPECT_EQ(calls_, 0);
}

TEST_F(EventLoopWatch, ended_by_an_earlier_handler_of_the_same_round_is_not_called) {
  const Pipe first;
  const Pipe second;
  std::array<Watch, 2> watches;
  const auto handler = [&](uint32_t) {
    ++calls_;
    watches = {};
  };
  watches[0] = watch(first, handler);
  watches[1] = watch(second, handler);
  first.make_readable();
  second.make_readable();
  turn();
  EXPECT_EQ(calls_, 1);
}

TEST_F(EventLoopWatch, that_takes_over_a_number_in_a_round_does_not_hear_what_was_ready_for_the_older) {
  Pipe first;
  Pipe second;
  std::array<Watch, 2> watches;
  Watch fresh;
  const Pipe quiet;
  int fresh_calls = 0;
  // Whichever comes first gives the other's number to a descriptor on which nothing is ready.
  const auto handler = [&](size_t other, Pipe& closed) {
    ++calls_;
    watches.at(other).reset();
    const int number = closed.reader.release();
    ASSERT_EQ(::dup3(quiet.reader.get(), number, O_CLOEXEC), number);
    closed.reader.reset(number);
    fresh = watch(closed, [&](uint32_t) { ++fresh_calls; });
    watches = {};
  };
  watches[0] = watch(first, [&](uint32_t) { handler(1, second); });
  watches[1] = watch(second, [&](uint32_t) { handler(0, first); });
  first.make_readable();
  second.make_readable();
  turn();
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(fresh_calls, 0);
  quiet.make_readable();
  turn();
  EXPECT_EQ(fresh_calls, 1);
}

TEST_F(EventLoopWatch, handler_that_destroys_its_own_watch_runs_on_and_keeps_what_it_captured) {
  const Pipe pipe;
  std::optional<Watch> watched;
  int value = 0;
  watched = watch(pipe, [&, held = std::make_shared<int>(7)](uint32_t) {
    watched.reset();
    value = *held;
  });
  pipe.make_readable();
  turn();
  EXPECT_EQ(value, 7);
}

TEST_F(EventLoopWatch, that_its_own_handler_keeps_goes_with_the_handler) {
  const Pipe pipe;
  auto holder = std::make_shared<Watch>();
  const std::weak_ptr<Watch> seen = holder;
  *holder = watch(pipe, [holder](uint32_t) { holder->reset(); });
  holder.reset();
  ASSERT_FALSE(seen.expired());
  pipe.make_readable();
  turn();
  EXPECT_TRUE(seen.expired());
}

TEST_F(EventLoopWatch, reset_from_outside_destroys_a_handler_that_keeps_the_watch) {
  const Pipe pipe;
  auto holder = std::make_shared<Watch>();
  const std::weak_ptr<Watch> seen = holder;
  *holder = watch(pipe, [holder](uint32_t) {});
  Watch* const raw = holder.get();
  holder.reset();
  raw->reset();
  EXPECT_TRUE(seen.expired());
}

TEST_F(EventLoopWatch, goes_on_when_it_is_moved) {
  const Pipe pipe;
  Watch from = watch(pipe, [this](uint32_t) {
    ++calls_;
    loop_->stop();
  });
  Watch to = std::move(from);
  EXPECT_FALSE(from);  // NOLINT(bugprone-use-after-move): that is what is promised
  EXPECT_TRUE(to);
  pipe.make_readable();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 1);
}

TEST_F(EventLoopWatch, that_another_is_moved_into_ends) {
  const Pipe first;
  const Pipe second;
  std::string order;
  Watch watched = watch(first, [&](uint32_t) { order += '1'; });
  watched = watch(second, [&](uint32_t) {
    order += '2';
    loop_->stop();
  });
  first.make_readable();
  second.make_readable();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(order, "2");
}

TEST_F(EventLoopWatch, moved_by_its_own_handler_is_heard_of_at_its_new_place) {
  const Pipe pipe;
  Watch from;
  Watch to;
  from = watch(pipe, [&](uint32_t) {
    if (++calls_ == 1) {
      to = std::move(from);
    } else {
      to.reset();
    }
  });
  pipe.make_readable();
  turn();
  turn();
  EXPECT_EQ(calls_, 2);
}

TEST_F(EventLoopWatch, outlives_its_loop_empty_and_its_handler_does_not) {
  const Pipe pipe;
  auto captured = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = captured;
  Watch watched = watch(pipe, [held = std::move(captured)](uint32_t) {});
  loop_.reset();
  EXPECT_FALSE(watched);
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(watched.modify(EPOLLOUT).error().code, EBADF);
  watched.reset();
}

TEST_F(EventLoopWatch, kept_by_handlers_of_a_loop_that_goes_ends_in_any_order) {
  const Pipe first;
  const Pipe second;
  auto one = std::make_shared<Watch>();
  auto other = std::make_shared<Watch>();
  *one = watch(first, [other](uint32_t) {});
  *other = watch(second, [one](uint32_t) {});
  const std::weak_ptr<Watch> seen = one;
  one.reset();
  other.reset();
  loop_.reset();
  EXPECT_TRUE(seen.expired());
}

TEST_F(EventLoopWatch, whose_descriptor_was_closed_first_leaves_alone_who_has_its_number) {
  Pipe older;
  Pipe newer;
  Watch first = watch(older, [this](uint32_t) { calls_ += 100; });
  const int number = older.reader.get();
  older.reader.reset();
  ASSERT_EQ(::dup3(newer.reader.get(), number, O_CLOEXEC), number);
  newer.reader.reset(number);
  const Watch second = watch(newer, [this](uint32_t) {
    ++calls_;
    loop_->stop();
  });
  EXPECT_FALSE(first);
  first.reset();
  newer.make_readable();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 1);
}

TEST_F(EventLoopWatch, whose_descriptor_was_closed_first_ends_without_a_word) {
  Pipe pipe;
  Watch watched = watch(pipe, [this](uint32_t) { ++calls_; });
  pipe.reader.reset();
  EXPECT_EQ(watched.modify(EPOLLOUT).error().code, EBADF);
  watched.reset();
  turn();
  EXPECT_EQ(calls_, 0);
}

TEST_F(EventLoopWatch, modified_hears_of_other_events) {
  const Pipe pipe;
  uint32_t heard = 0;
  Watch watched = loop_
                      ->watch(pipe.writer.get(), 0,
                              [&](uint32_t events) {
                                heard |= events;
                                EXPECT_TRUE(watched.modify(0));
                              })
                      .value();
  turn();
  EXPECT_EQ(heard, 0U);
  ASSERT_TRUE(watched.modify(EPOLLOUT));
  turn();
  EXPECT_EQ(heard, uint32_t{EPOLLOUT});
}

TEST_F(EventLoopWatch, edges_that_are_modified_to_themselves_are_reported_again) {
  const Pipe pipe;
  constexpr uint32_t kEdges = EPOLLIN | EPOLLET;
  Watch watched = loop_->watch(pipe.reader.get(), kEdges, [this](uint32_t) { ++calls_; }).value();
  pipe.make_readable();
  turn();
  turn();
  EXPECT_EQ(calls_, 1);
  ASSERT_TRUE(watched.modify(kEdges));
  turn();
  EXPECT_EQ(calls_, 2);
}

TEST_F(EventLoopWatch, second_of_a_descriptor_is_refused_and_the_first_goes_on) {
  const Pipe pipe;
  const Watch watched = watch(pipe, [this](uint32_t) {
    ++calls_;
    loop_->stop();
  });
  const auto second = loop_->watch(pipe.reader.get(), EPOLLIN, [](uint32_t) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EEXIST);
  pipe.make_readable();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(calls_, 1);
}

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

TEST_F(EventLoopScope, task_whose_scope_has_gone_does_not_run) {
  std::string order;
  const Scope stays;
  {
    const Scope goes;
    loop_->post(goes, [&] { order += 'x'; });
    loop_->post(stays, [&] { order += 'a'; });
  }
  turn();
  EXPECT_EQ(order, "a");
}

TEST_F(EventLoopScope, destroyed_by_its_own_task_lets_it_run_on_and_stops_the_next) {
  std::optional<Scope> scope(std::in_place);
  std::string order;
  loop_->post(*scope, [&, held = std::make_shared<char>('a')] {
    scope.reset();
    order += *held;
  });
  loop_->post(*scope, [&] { order += 'x'; });
  turn();
  EXPECT_EQ(order, "a");
}

TEST_F(EventLoopScope, moved_takes_its_tasks_along) {
  std::string order;
  Scope from;
  loop_->post(from, [&] { order += 'a'; });
  const Scope to = std::move(from);
  loop_->post(from, [&] { order += 'x'; });  // NOLINT(bugprone-use-after-move): it has ended
  turn();
  EXPECT_EQ(order, "a");
}

TEST_F(EventLoopScope, renewed_stops_what_was_posted_and_takes_what_follows) {
  std::string order;
  Scope scope;
  loop_->post(scope, [&] { order += 'x'; });
  scope.renew();
  loop_->post(scope, [&] { order += 'a'; });
  turn();
  EXPECT_EQ(order, "a");
}

TEST_F(EventLoopScope, function_bound_to_it_takes_arguments_while_it_is_there) {
  int sum = 0;
  std::optional<Scope> scope(std::in_place);
  const auto add = scope->bind([&](int one, int other) { sum += one + other; });
  add(1, 2);
  scope.reset();
  add(10, 20);
  EXPECT_EQ(sum, 3);
}

TEST_F(EventLoopScope, loop_that_goes_first_destroys_the_tasks_unrun) {
  const Scope scope;
  auto captured = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = captured;
  loop_->post(scope, [this, held = std::move(captured)] { ++calls_; });
  loop_.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(calls_, 0);
}

// Other threads post as long as they like; the scope goes on the loop's thread, and nothing runs after it.
TEST_F(EventLoopScope, goes_on_the_loops_thread_while_others_still_post_what_is_bound_to_it) {
  struct Counter {
    explicit Counter(int& total) : total_(total) {}
    void count() { ++total_; }
    int& total_;
    Scope scope_;
  };
  int total = 0;
  auto counter = std::make_unique<Counter>(total);
  const auto count = counter->scope_.bind([raw = counter.get()] { raw->count(); });
  std::thread runner = start();
  std::array<std::thread, 3> posters;
  for (std::thread& poster : posters) {
    poster = std::thread([&] {
      for (int i = 0; i < 200; ++i) {
        loop_->post(count);
      }
    });
  }
  int at_the_end = 0;
  loop_->run_sync([&] {
    counter.reset();
    at_the_end = total;
  });
  for (std::thread& poster : posters) {
    poster.join();
  }
  loop_->stop();
  runner.join();
  EXPECT_EQ(total, at_the_end);
}

// A scope that stays may be used by several threads at once.
TEST_F(EventLoopScope, posted_with_by_several_threads_loses_nothing) {
  const Scope scope;
  std::thread runner = start();
  std::array<std::thread, 3> posters;
  for (std::thread& poster : posters) {
    poster = std::thread([&] {
      for (int i = 0; i < 200; ++i) {
        loop_->post(scope, [this] { ++calls_; });
      }
    });
  }
  for (std::thread& poster : posters) {
    poster.join();
  }
  loop_->stop();
  runner.join();
  EXPECT_EQ(calls_, 600);
}

TEST(EventLoop, run_sync_from_another_thread_runs_on_the_loop_thread) {
  auto loop = EventLoop::create().value();
  std::thread runner([&] { EXPECT_TRUE(loop->run()); });
  std::thread::id seen;
  // Whether the loop runs already or not, the task has run when run_sync returns.
  loop->post([] {});
  while (!loop->is_on_loop_thread()) {
    bool on_loop = false;
    loop->run_sync([&] {
      on_loop = loop->is_on_loop_thread();
      seen = std::this_thread::get_id();
    });
    if (on_loop) {
      break;
    }
    std::this_thread::yield();
  }
  EXPECT_EQ(seen, runner.get_id());
  loop->stop();
  runner.join();
}

TEST(EventLoop, stop_before_run_makes_run_return_at_once) {
  auto loop = EventLoop::create().value();
  loop->stop();
  EXPECT_TRUE(loop->run());
}

TEST(EventLoop, posted_tasks_keep_their_order) {
  auto loop = EventLoop::create().value();
  std::string order;
  loop->post([&] { order += '1'; });
  loop->post([&] { order += '2'; });
  loop->post([&] { loop->stop(); });
  ASSERT_TRUE(loop->run());
  EXPECT_EQ(order, "12");
}

}  // namespace
}  // namespace caisson
