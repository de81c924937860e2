// SPDX-License-Identifier: Apache-2.0
#include "common/watch.h"

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

using EventLoopWatch = EventLoopTest;

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

}  // namespace
}  // namespace caisson
