// SPDX-License-Identifier: Apache-2.0
// The guest's end of each stream is the test's.
#include "runtime/relay/process_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using agent::StreamKind;

class Relay : public ::testing::Test {
 protected:
  Relay() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    signals_ = CaughtSignals::take();
    request_.set_container("box");
    request_.set_token(7);
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    input_.reset(ends[0]);
    typed_.reset(ends[1]);
    sandbox_.record(Status::running);
  }
  ~Relay() override {
    typed_.reset();  // who reads it ends
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
  }

  void exits_with(uint32_t code) {
    agent::v1::WaitProcessResponse response;
    response.set_exit_code(code);
    sandbox_.answer("WaitProcess", response);
  }
  Result<ProcessRelay> start(int terminal = -1) {
    return ProcessRelay::start(sandbox_.directory().vsock_socket(), request_, terminal);
  }
  Result<int> attend(Result<ProcessRelay>& relay) {
    return relay->attend({.input = input_.get(), .output = output_.get(), .error = error_.get()}, *signals_);
  }
  static void say(const UniqueFd& to, std::string_view text) {
    EXPECT_EQ(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  static std::string text_of(const UniqueFd& file) {
    std::array<char, 256> text{};
    const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
    return {text.data(), size > 0 ? static_cast<size_t>(size) : 0};
  }

  test::FakeSandbox sandbox_;
  sigset_t mask_{};
  Result<CaughtSignals> signals_ = fail(EINVAL, "not yet");
  agent::v1::CreateProcessRequest request_;
  UniqueFd input_;
  UniqueFd typed_;
  UniqueFd output_{::memfd_create("output", MFD_CLOEXEC)};
  UniqueFd error_{::memfd_create("error", MFD_CLOEXEC)};
};

TEST_F(Relay, carries_each_stream_to_its_own_end) {
  exits_with(3);
  auto& process = *request_.mutable_process();
  process.set_attach_stdin(true);
  process.set_attach_stdout(true);
  process.set_attach_stderr(true);
  auto relay = start();
  ASSERT_TRUE(relay) << relay.error().message;
  ASSERT_EQ(::write(typed_.get(), "in", 2), 2);
  typed_.reset();
  UniqueFd output = sandbox_.stream(StreamKind::standard_output);
  UniqueFd error = sandbox_.stream(StreamKind::standard_error);
  const UniqueFd input = sandbox_.stream(StreamKind::standard_input);
  say(output, "out");
  say(error, "err");
  output.reset();
  error.reset();
  EXPECT_EQ(attend(relay), 3);
  EXPECT_EQ(text_of(output_), "out");
  EXPECT_EQ(text_of(error_), "err");
  std::array<char, 8> text{};
  EXPECT_EQ(::recv(input.get(), text.data(), 2, MSG_WAITALL), 2);
  EXPECT_STREQ(text.data(), "in");
  EXPECT_EQ(::recv(input.get(), text.data(), 1, 0), 0) << "the end of input is told";
}

TEST_F(Relay, opens_only_what_is_attached) {
  exits_with(0);
  request_.mutable_process()->set_attach_stdout(true);
  auto relay = start();
  ASSERT_TRUE(relay) << relay.error().message;
  sandbox_.stream(StreamKind::standard_output).reset();
  EXPECT_EQ(attend(relay), 0);
  EXPECT_THAT(sandbox_.heard(), ::testing::ElementsAre("CreateProcess: running", "WaitProcess: running"));
  EXPECT_EQ(sandbox_.last<agent::v1::WaitProcessRequest>("WaitProcess").process(), 7U);
}

TEST_F(Relay, refusal_of_the_guest_is_the_starts) {
  sandbox_.refuse("CreateProcess", {.code = ENOENT, .message = "exec: \"x\": no such file"});
  const auto relay = start();
  ASSERT_FALSE(relay);
  EXPECT_EQ(relay.error().code, ENOENT);
}

TEST_F(Relay, guest_that_goes_away_killed_the_process) {
  sandbox_.refuse("WaitProcess", {.code = ECONNRESET, .message = "gone"});
  auto relay = start();
  ASSERT_TRUE(relay) << relay.error().message;
  EXPECT_EQ(attend(relay), 128 + SIGKILL);
}

TEST_F(Relay, signals_are_passed_on) {
  exits_with(5);
  sandbox_.answer_after("WaitProcess", "SignalProcess");
  auto relay = start();
  ASSERT_TRUE(relay) << relay.error().message;
  ::raise(SIGUSR1);
  EXPECT_EQ(attend(relay), 5);
  const auto request = sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess");
  EXPECT_EQ(request.container(), "box");
  EXPECT_EQ(request.process(), 7U);
  EXPECT_EQ(request.signal(), static_cast<uint32_t>(SIGUSR1));
  EXPECT_FALSE(request.all());
}

TEST_F(Relay, terminal_is_as_large_as_ours_from_the_first) {
  exits_with(0);
  auto pty = open_pty();
  ASSERT_TRUE(pty) << pty.error().message;
  ASSERT_TRUE(set_window_size(pty->slave.get(), {.rows = 25, .columns = 80}));
  request_.mutable_process()->set_terminal(true);
  auto relay = start(pty->slave.get());
  ASSERT_TRUE(relay) << relay.error().message;
  const auto made = sandbox_.last<agent::v1::CreateProcessRequest>("CreateProcess");
  EXPECT_EQ(made.process().console_size().rows(), 25U);
  EXPECT_EQ(made.process().console_size().columns(), 80U);
  // It changes before we attend.
  ASSERT_TRUE(set_window_size(pty->slave.get(), {.rows = 26, .columns = 81}));
  sandbox_.stream(StreamKind::terminal).reset();
  const int slave = pty->slave.get();
  EXPECT_EQ(relay->attend({.input = slave, .output = slave, .error = slave}, *signals_), 0);
  const auto resized = sandbox_.last<agent::v1::ResizeTtyRequest>("ResizeTty");
  EXPECT_EQ(resized.process(), 7U);
  EXPECT_EQ(resized.size().rows(), 26U);
  EXPECT_EQ(resized.size().columns(), 81U);
}

TEST_F(Relay, process_without_a_terminal_has_no_size) {
  auto pty = open_pty();
  ASSERT_TRUE(pty) << pty.error().message;
  ASSERT_TRUE(set_window_size(pty->slave.get(), {.rows = 25, .columns = 80}));
  ASSERT_TRUE(start(pty->slave.get()));
  EXPECT_FALSE(sandbox_.last<agent::v1::CreateProcessRequest>("CreateProcess").process().has_console_size());
}

}  // namespace
}  // namespace caisson::runtime
