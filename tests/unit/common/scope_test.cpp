// SPDX-License-Identifier: Apache-2.0
#include "common/scope.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "tests/unit/common/event_loop_fixture.h"

namespace caisson {
namespace {

using EventLoopScope = EventLoopTest;

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
  auto scope = std::make_unique<Scope>();
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
  auto scope = std::make_unique<Scope>();
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

}  // namespace
}  // namespace caisson
