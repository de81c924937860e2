// SPDX-License-Identifier: Apache-2.0
// A loop, and pipes for it to watch.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <future>
#include <memory>
#include <thread>

#include "common/event_loop.h"

namespace caisson {

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

}  // namespace caisson
