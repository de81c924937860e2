// SPDX-License-Identifier: Apache-2.0
#include "common/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <string>

namespace caisson {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  UniqueFd reader;
  UniqueFd writer;
};

TEST(EventLoop, readable_descriptor_calls_its_handler) {
  auto loop = EventLoop::create().value();
  Pipe pipe;
  int calls = 0;
  ASSERT_TRUE(loop->add(pipe.reader.get(), EPOLLIN, [&](uint32_t events) {
    EXPECT_NE(events & EPOLLIN, 0U);
    ++calls;
    loop->stop();
  }));
  ASSERT_EQ(::write(pipe.writer.get(), "x", 1), 1);
  ASSERT_TRUE(loop->run());
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, handler_removed_by_an_earlier_one_of_the_same_round_is_not_called) {
  auto loop = EventLoop::create().value();
  Pipe first;
  Pipe second;
  int calls = 0;
  const auto handler = [&](uint32_t) {
    ++calls;
    loop->remove(first.reader.get());
    loop->remove(second.reader.get());
    loop->stop();
  };
  ASSERT_TRUE(loop->add(first.reader.get(), EPOLLIN, handler));
  ASSERT_TRUE(loop->add(second.reader.get(), EPOLLIN, handler));
  ASSERT_EQ(::write(first.writer.get(), "x", 1), 1);
  ASSERT_EQ(::write(second.writer.get(), "x", 1), 1);
  ASSERT_TRUE(loop->run());
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, timers_fire_in_order_and_cancelled_ones_do_not) {
  auto loop = EventLoop::create().value();
  std::string order;
  loop->after(std::chrono::milliseconds(2), [&] {
    order += 'b';
    loop->stop();
  });
  loop->after(std::chrono::milliseconds(1), [&] { order += 'a'; });
  const auto cancelled = loop->after(std::chrono::milliseconds(1), [&] { order += 'x'; });
  loop->cancel(cancelled);
  ASSERT_TRUE(loop->run());
  EXPECT_EQ(order, "ab");
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
