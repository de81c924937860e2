// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>

#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

class ExecRelayTest : public ::testing::Test {
 protected:
  ExecRelayTest() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    message_.set_container("box");
    message_.set_token(7);
    agent::v1::WaitProcessResponse exit;
    exit.set_exit_code(5);
    sandbox_.answer("WaitProcess", exit);
    sandbox_.record(Status::running);
  }
  ~ExecRelayTest() override {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
  }
  [[nodiscard]] ExecRelay relay() const {
    return {.directory = sandbox_.directory(),
            .message = message_,
            .terminal = terminal_,
            .pid_file = pid_file_,
            .pidfd_socket = pidfd_socket_};
  }

  sigset_t mask_{};
  test::FakeSandbox sandbox_;
  test::ScratchDirectory scratch_;
  agent::v1::CreateProcessRequest message_;
  std::optional<PtyPair> terminal_;
  std::string pid_file_ = scratch_ / "pid";
  std::string pidfd_socket_;
};

TEST_F(ExecRelayTest, here_its_exit_code_is_the_processes) {
  EXPECT_EQ(relay().run_here(), 5);
  EXPECT_EQ(scratch_.read("pid"), std::to_string(::getpid()));
  EXPECT_EQ(scratch_.stat("pid").st_mode & 07777U, 0644U);
  EXPECT_EQ(sandbox_.last<agent::v1::CreateProcessRequest>("CreateProcess").token(), 7U);
}

TEST_F(ExecRelayTest, detached_it_is_a_child_that_ends_with_the_code) {
  EXPECT_EQ(relay().run_detached(), 0);
  const pid_t pid = std::stoi(scratch_.read("pid"));
  EXPECT_NE(pid, ::getpid());
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST_F(ExecRelayTest, refusal_of_the_guest_is_told_here_and_detached) {
  sandbox_.refuse("CreateProcess", {.code = ENOENT, .message = "exec: \"x\": no such file"});
  for (const auto& code : {relay().run_here(), relay().run_detached()}) {
    ASSERT_FALSE(code);
    EXPECT_EQ(code.error().code, ENOENT);
    EXPECT_EQ(code.error().message, "exec: \"x\": no such file");
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), 0) << "the child is reaped, the machine is left";
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "pid"));
}

TEST_F(ExecRelayTest, process_that_nobody_would_know_of_is_killed) {
  pid_file_ = scratch_ / "none/pid";
  const auto code = relay().run_here();
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, ENOENT);
  const auto killed = sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess");
  EXPECT_EQ(killed.container(), "box");
  EXPECT_EQ(killed.process(), 7U);
  EXPECT_EQ(killed.signal(), static_cast<uint32_t>(SIGKILL));
}

TEST_F(ExecRelayTest, who_does_not_take_its_pidfd_ends_it) {
  pid_file_.clear();
  pidfd_socket_ = scratch_ / "none";
  const auto code = relay().run_here();
  ASSERT_FALSE(code);
  EXPECT_THAT(code.error().message, ::testing::StartsWith("--pidfd-socket: connect to "));
  EXPECT_EQ(sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess").process(), 7U);
}

TEST_F(ExecRelayTest, pidfd_is_sent_to_who_asks_for_it) {
  pid_file_.clear();
  pidfd_socket_ = scratch_ / "pidfd";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketPath place = SocketPath::of(pidfd_socket_).value();
  ASSERT_EQ(::bind(listener.get(), place.address(), SocketPath::size()), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(relay().run_here(), 5);
  const UniqueFd engine(::accept(listener.get(), nullptr, nullptr));
  std::array<char, 8> text{};
  EXPECT_EQ(::recv(engine.get(), text.data(), text.size(), 0), 5);
  EXPECT_STREQ(text.data(), "pidfd");
}

}  // namespace
}  // namespace caisson::runtime
