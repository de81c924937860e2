// SPDX-License-Identifier: Apache-2.0
// An event loop that a test runs until something has happened, and socket pairs for it.
#pragma once

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/event_loop.h"

namespace caisson::agent {

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  UniqueFd ours;
  UniqueFd theirs;
};

class LoopTest : public testing::Test {
 protected:
  // Everything that is ready or posted by now has had its turn.
  void turn() {
    loop_->post([this] { loop_->post([this] { loop_->stop(); }); });
    EXPECT_TRUE(loop_->run());
  }
  // Runs the loop until `fd` has something to read, and reads it: empty at end of file.
  std::string read_from(const UniqueFd& fd) {
    std::array<char, 4096> text{};
    ssize_t n = 0;
    while ((n = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
      const Watch watch = loop_->watch(fd.get(), EPOLLIN, [this](uint32_t) { loop_->stop(); }).value();
      EXPECT_TRUE(loop_->run());
    }
    return n > 0 ? std::string(text.data(), static_cast<size_t>(n)) : std::string();
  }

  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
};

}  // namespace caisson::agent
