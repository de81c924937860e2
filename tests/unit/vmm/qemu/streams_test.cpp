// SPDX-License-Identifier: Apache-2.0
// What a QEMU says, or a guest that has taken it: kept by its end alone, and never by the word.
#include "vmm/qemu/streams.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

namespace caisson::vmm {
namespace {

class QemuStreamsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    ends_ = streams_.open().value();
  }
  void watch() {
    ASSERT_TRUE(streams_.watch(*loop_, {.on_event =
                                            [this](const QmpEvent& event) {
                                              events_.push_back(event.name);
                                              loop_->stop();
                                            },
                                        .on_breach =
                                            [this](const Error& error) {
                                              breaches_.push_back(error.message);
                                              loop_->stop();
                                            }}));
  }
  static void say(const UniqueFd& end, std::string_view text) {
    ASSERT_EQ(::send(end.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  std::vector<std::string> lines_;
  std::vector<std::string> events_;
  std::vector<std::string> breaches_;
  std::unique_ptr<EventLoop> loop_;
  QemuStreams streams_{[this](const std::string& line) {
    lines_.push_back(line);
    loop_->stop();
  }};
  QemuStreams::Ends ends_;
};

TEST_F(QemuStreamsTest, monitor_is_greeted_before_it_runs) {
  std::string text(100, '\0');
  const ssize_t count = ::recv(ends_.monitor.get(), text.data(), text.size(), MSG_DONTWAIT);
  ASSERT_GT(count, 0);
  text.resize(static_cast<size_t>(count));
  EXPECT_EQ(text, kQmpNegotiate);
}

TEST_F(QemuStreamsTest, console_is_told_by_the_line_and_kept) {
  watch();
  say(ends_.console, "one\ntw");
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(lines_, std::vector<std::string>{"one"});
  EXPECT_EQ(streams_.console_tail(), "one\ntw");
  EXPECT_EQ(streams_.console_end(), "one\ntw");
  EXPECT_EQ(streams_.complaint(), "");
}

TEST_F(QemuStreamsTest, event_of_the_monitor_is_told) {
  watch();
  say(ends_.monitor, "{\"event\": \"STOP\", \"timestamp\": {}}\r\n");
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(events_, std::vector<std::string>{"STOP"});
  EXPECT_TRUE(breaches_.empty());
}

TEST_F(QemuStreamsTest, monitor_that_speaks_no_qmp_is_a_breach) {
  watch();
  say(ends_.monitor, "no json\n");
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(breaches_.size(), 1U);
  EXPECT_TRUE(events_.empty());
}

TEST_F(QemuStreamsTest, what_was_said_last_is_read_once_it_has_ended) {
  watch();
  streams_.unwatch();
  say(ends_.complaints, "qemu: no memory\n");
  say(ends_.console, "panic\n");
  say(ends_.monitor, "{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-reset\"}}\r\n");
  ends_ = {};
  streams_.read_rest();
  EXPECT_EQ(streams_.complaint(), "qemu: no memory");
  EXPECT_EQ(streams_.console_end(), "panic");
  EXPECT_EQ(events_, std::vector<std::string>{"SHUTDOWN"});
}

TEST_F(QemuStreamsTest, flood_is_kept_by_its_end_and_is_read_in_turns) {
  say(ends_.console, std::string(80 << 10, 'x') + "!");
  // LIMIT: 64 KiB a call, so that whatever else the loop has gets its turn.
  streams_.read_console();
  EXPECT_EQ(streams_.console_tail().back(), 'x');
  streams_.read_console();
  EXPECT_EQ(streams_.console_tail().back(), '!');
  EXPECT_EQ(streams_.console_tail().size(), 16384U);
  EXPECT_EQ(streams_.console_end().size(), 2048U);
}

TEST_F(QemuStreamsTest, complaints_are_kept_by_their_end) {
  say(ends_.complaints, std::string(5000, 'a') + "\nlast word\n");
  streams_.read_rest();
  EXPECT_EQ(streams_.complaint(), "last word");
}

}  // namespace
}  // namespace caisson::vmm
