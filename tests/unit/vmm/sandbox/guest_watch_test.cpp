// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/guest_watch.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/ttrpc.pb.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::vmm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{40};

// An agent at the other end of the watch's connection, on the same loop.
class GuestWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    peer_.reset(fds[1]);
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
    peer_watch_ = loop_->watch(peer_.get(), EPOLLIN, [this](uint32_t) { take_question(); }).value();
    watch_.emplace(*loop_, agent::AgentClient(UniqueFd(fds[0])), kPatience, [this](bool answers) {
      reports_.push_back(answers);
      if (reports_.size() == wanted_reports_) {
        loop_->stop();
      }
    });
  }
  void TearDown() override {
    watch_.reset();
    peer_watch_.reset();
  }

  void take_question() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      hang_up();
      return;
    }
    ++questions_;
    if (answers_) {
      answer();
    }
    if (questions_ == wanted_questions_) {
      loop_->stop();
    }
  }

  // Questions have the odd numbers.
  void answer() {
    agent::v1::HandshakeResponse response;
    response.set_protocol(1);
    ttrpc::wire::Response envelope;
    envelope.set_payload(response.SerializeAsString());
    send(ttrpc::encode_frame(static_cast<uint32_t>(2 * questions_ - 1), ttrpc::FrameType::response,
                             envelope.SerializeAsString())
             .value());
  }
  void send(std::string_view bytes) const {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    peer_watch_.reset();
    peer_.reset();
  }
  void run_for(milliseconds time) {
    const Timer end = loop_->after(time, [this] { loop_->stop(); });
    ASSERT_TRUE(loop_->run());
  }

  UniqueFd peer_;
  Watch peer_watch_;
  std::unique_ptr<EventLoop> loop_;
  std::optional<GuestWatch> watch_;
  std::vector<bool> reports_;
  size_t wanted_reports_ = 0;
  int questions_ = 0;
  int wanted_questions_ = 0;
  bool answers_ = true;
};

TEST_F(GuestWatchTest, an_agent_that_answers_is_asked_again_and_nothing_is_told) {
  wanted_questions_ = 3;
  ASSERT_TRUE(loop_->run());
  EXPECT_TRUE(reports_.empty());
}

TEST_F(GuestWatchTest, silence_is_told_once_and_so_is_its_end) {
  answers_ = false;
  wanted_reports_ = 1;
  ASSERT_TRUE(loop_->run());
  // Also when a pause has come between.
  watch_->suspend();
  watch_->resume();
  run_for(3 * kPatience);
  EXPECT_EQ(reports_, std::vector<bool>({false}));
  EXPECT_EQ(questions_, 1);
  wanted_reports_ = 2;
  answers_ = true;
  answer();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(reports_, std::vector<bool>({false, true}));
}

TEST_F(GuestWatchTest, silence_of_a_machine_that_is_held_is_none) {
  answers_ = false;
  wanted_questions_ = 1;
  ASSERT_TRUE(loop_->run());
  watch_->suspend();
  run_for(3 * kPatience);
  EXPECT_TRUE(reports_.empty());
  watch_->resume();
  wanted_reports_ = 1;
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(reports_, std::vector<bool>({false}));
}

TEST_F(GuestWatchTest, nonsense_and_hanging_up_end_the_watch) {
  answers_ = false;
  wanted_questions_ = 1;
  ASSERT_TRUE(loop_->run());
  send(std::string(64, '\xff'));
  run_for(3 * kPatience);
  EXPECT_TRUE(reports_.empty());
  hang_up();
  run_for(kPatience);
  EXPECT_TRUE(reports_.empty());
}

}  // namespace
}  // namespace caisson::vmm
