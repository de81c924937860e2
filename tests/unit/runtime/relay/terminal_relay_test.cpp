// SPDX-License-Identifier: Apache-2.0
// A child relays between its own terminal, whose master is the test's, and a container's, whose slave is.
#include "runtime/relay/terminal_relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "common/relay/terminal.h"

namespace caisson::runtime {
namespace {

class TerminalRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    callers_ = open_pty();
    containers_ = open_pty();
    ASSERT_TRUE(callers_ && containers_);
    ASSERT_TRUE(set_window_size(callers_->slave.get(), {.rows = 25, .columns = 80}));
    // Every byte as it is, in both directions.
    auto raw = RawMode::enter(containers_->slave.get());
    ASSERT_TRUE(raw) << raw.error().message;
    raw_.emplace(*std::move(raw));
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd started(ends[0]);
    UniqueFd tell(ends[1]);
    child_ = ::fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) ::_exit(relay(tell.get()) ? 0 : 1);
    tell.reset();
    containers_->master.reset();
    char byte = 0;
    ASSERT_EQ(::read(started.get(), &byte, 1), 1);
  }
  void TearDown() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }

  // In the child.
  bool relay(int tell) {
    const int terminal = callers_->slave.get();
    if (::dup2(terminal, STDIN_FILENO) < 0 || ::dup2(terminal, STDOUT_FILENO) < 0) return false;
    callers_->master.reset();
    containers_->slave.reset();
    auto started = TerminalRelay::start(std::move(containers_->master));
    if (!started || ::write(tell, "s", 1) != 1) return false;
    started->finish();
    return true;
  }
  static std::string read_from(const UniqueFd& terminal, size_t bytes) {
    std::string text(bytes, '\0');
    size_t done = 0;
    while (done < bytes) {
      const ssize_t size = ::read(terminal.get(), text.data() + done, bytes - done);
      if (size <= 0) break;
      done += static_cast<size_t>(size);
    }
    text.resize(done);
    return text;
  }
  [[nodiscard]] bool callers_is_raw() const {
    termios modes{};
    EXPECT_EQ(::tcgetattr(callers_->slave.get(), &modes), 0);
    return (modes.c_lflag & ICANON) == 0;
  }
  // The container's last process has ended.
  int end() {
    raw_.reset();
    containers_->slave.reset();
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    child_ = -1;
    return status;
  }

  Result<PtyPair> callers_ = fail(EINVAL, "not yet");
  Result<PtyPair> containers_ = fail(EINVAL, "not yet");
  std::optional<RawMode> raw_;
  pid_t child_ = -1;
};

TEST_F(TerminalRelayTest, every_byte_passes_in_both_directions) {
  const std::string bytes("a\x03\x04\r\n\x1b[A", 8);
  ASSERT_EQ(::write(callers_->master.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(read_from(containers_->slave, bytes.size()), bytes);
  ASSERT_EQ(::write(containers_->slave.get(), bytes.data(), bytes.size()),
            static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(read_from(callers_->master, bytes.size()), bytes);
  EXPECT_EQ(end(), 0);
}

TEST_F(TerminalRelayTest, containers_is_as_large_as_the_callers) {
  EXPECT_EQ(window_size(containers_->slave.get()).value(), (WindowSize{.rows = 25, .columns = 80}));
  EXPECT_EQ(end(), 0);
}

TEST_F(TerminalRelayTest, callers_is_raw_meanwhile_and_given_back) {
  EXPECT_TRUE(callers_is_raw());
  EXPECT_EQ(end(), 0);
  EXPECT_FALSE(callers_is_raw());
}

TEST_F(TerminalRelayTest, what_was_written_before_the_end_arrives) {
  const std::string text(2000, 'x');
  ASSERT_EQ(::write(containers_->slave.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(end(), 0);
  EXPECT_EQ(read_from(callers_->master, text.size()), text);
}

}  // namespace
}  // namespace caisson::runtime
