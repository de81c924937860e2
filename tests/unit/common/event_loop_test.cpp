// SPDX-License-Identifier: Apache-2.0
#include "common/event_loop.h"

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
