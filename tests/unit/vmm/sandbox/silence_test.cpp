// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/silence.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <functional>
#include <optional>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/ttrpc.pb.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/sandbox/files.h"
#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{40};

// The agent's end of the connection is ours; its loop is the main loop.
class SilenceTest : public ::testing::Test {
 protected:
  void make(milliseconds patience) {
    silence_.emplace(Silence::Place{.main_loop = loop_.get(),
                                    .agent_loop = loop_.get(),
                                    .log = &log_,
                                    .outputs = outputs_.get(),
                                    .container = "c",
                                    .patience = patience,
                                    .connect = [this] { return connect(); }});
    silence_->begin();
  }
  void TearDown() override { silence_.reset(); }

  Result<agent::AgentClient> connect() {
    ++connections_;
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    peer_.reset(fds[1]);
    return agent::AgentClient(UniqueFd(fds[0]));
  }
  void answer_first() const {
    agent::v1::HandshakeResponse response;
    response.set_protocol(1);
    ttrpc::wire::Response envelope;
    envelope.set_payload(response.SerializeAsString());
    const std::string bytes =
        ttrpc::encode_frame(1, ttrpc::FrameType::response, envelope.SerializeAsString()).value();
    EXPECT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] bool is_told() const {
    struct stat status {};
    return ::fstatat(outputs_.get(), sandbox_file::kSilence, &status, 0) == 0;
  }
  // Looks whenever anything happens in the directory.
  void run_until(const std::function<bool()>& condition) {
    const UniqueFd changes(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    ASSERT_GE(::inotify_add_watch(changes.get(), scratch_.path().c_str(), IN_ALL_EVENTS), 0);
    const Watch watched = loop_
                              ->watch(changes.get(), EPOLLIN,
                                      [&](uint32_t) {
                                        std::array<char, 4096> events{};
                                        [[maybe_unused]] const ssize_t n =
                                            ::read(changes.get(), events.data(), events.size());
                                        if (condition()) {
                                          loop_->stop();
                                        }
                                      })
                              .value();
    ASSERT_TRUE(loop_->run());
    EXPECT_TRUE(condition());
  }
  void run_for(milliseconds time) {
    const Timer end = loop_->after(time, [this] { loop_->stop(); });
    ASSERT_TRUE(loop_->run());
  }

  test::ScratchDirectory scratch_;
  UniqueFd outputs_{::open(scratch_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  GuestLog log_;
  UniqueFd peer_;
  int connections_ = 0;
  std::optional<Silence> silence_;
};

TEST_F(SilenceTest, without_patience_nobody_is_asked) {
  make(milliseconds(0));
  run_for(kPatience);
  silence_->suspend();
  silence_->resume();
  run_for(kPatience);
  EXPECT_EQ(connections_, 0);
}

TEST_F(SilenceTest, is_in_the_state_until_the_guest_answers_again) {
  make(kPatience);
  run_until([this] { return is_told(); });
  answer_first();
  run_until([this] { return !is_told(); });
}

TEST_F(SilenceTest, guest_that_is_held_when_it_was_to_be_asked_first_is_asked_when_it_goes_on) {
  make(kPatience);
  silence_->suspend();
  run_for(4 * kPatience);
  EXPECT_EQ(connections_, 0);
  silence_->resume();
  EXPECT_EQ(connections_, 1);
  run_until([this] { return is_told(); });
}

TEST_F(SilenceTest, that_goes_with_a_word_under_way_says_nothing) {
  make(kPatience);
  run_for(kPatience);
  ASSERT_EQ(connections_, 1);
  silence_.reset();
  run_for(4 * kPatience);
  EXPECT_FALSE(is_told());
}

}  // namespace
}  // namespace caisson::vmm
