// SPDX-License-Identifier: Apache-2.0
// The streams of containers made by the real agent on this host, seen from the host's side of the contract.
#include "agent/io/process_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <thread>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, output_errors_and_exit_code_come_out_separately) {
  const Outcome outcome = run_shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.exit_code, 7U);
}

TEST_F(AgentContainer, input_reaches_the_process_and_its_end_ends_it) {
  const std::string input(300000, 'x');
  const Outcome outcome =
      run(container_request("c", 1, {"wc", "-c"}), std::string_view(input).substr(0, 100000));
  EXPECT_EQ(outcome.out, "100000\n");
}

TEST_F(AgentContainer, terminal_whose_host_hangs_up_ends_its_session) {
  auto request = container_request("c", 1, {"sh", "-c", "trap 'exit 9' HUP; echo ready; sleep 1000 & wait"});
  request.mutable_init()->set_terminal(true);
  UniqueFd terminal = stream(StreamKind::terminal, 1);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  std::array<char, 16> text{};
  ASSERT_GT(::read(terminal.get(), text.data(), text.size()), 0);
  terminal.reset();
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 9U);
}

TEST_F(AgentContainer, output_is_not_lost_when_the_host_attaches_after_the_end) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"seq", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
  const std::string out = read_all(stream(StreamKind::standard_output, 1));
  EXPECT_TRUE(out.ends_with("999\n1000\n"));
}

TEST_F(AgentContainer, bulk_goes_through_both_ways_unchanged) {
  const UniqueFd in = stream(StreamKind::standard_input, 1);
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"cat"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  std::string sent(32 << 20, '\0');
  uint32_t seed = 1;
  for (char& byte : sent) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  std::thread writer([&] {
    std::string_view rest = sent;
    while (!rest.empty()) {
      const ssize_t n = ::send(in.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      rest.remove_prefix(static_cast<size_t>(n));
    }
    ::shutdown(in.get(), SHUT_WR);
  });
  const std::string received = read_all(out);
  writer.join();
  EXPECT_TRUE(received == sent);
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, reader_that_stops_stops_the_writer_and_loses_nothing) {
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(
      container_request("c", 1, {"sh", "-c", "dd if=/dev/zero bs=1M count=8 2>/dev/null"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  EXPECT_EQ(client_->wait_process(1, agent::deadline_in(std::chrono::milliseconds(300))).error().code,
            ETIMEDOUT);
  EXPECT_EQ(read_all(out).size(), 8U << 20);
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, reader_that_leaves_breaks_the_writers_pipe) {
  UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(
      container_request("c", 1, {"sh", "-c", "while echo x; do :; done; exit 6"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  out.reset();
  EXPECT_NE(client_->wait_process(1, soon())->exit_code, 0U);
}

TEST_F(AgentContainer, close_stdin_ends_the_input_after_what_was_sent) {
  const UniqueFd in = stream(StreamKind::standard_input, 1);
  const UniqueFd out = stream(StreamKind::standard_output, 1);
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"cat"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_EQ(::send(in.get(), "last words", 10, MSG_NOSIGNAL), 10);
  ASSERT_TRUE(client_->close_stdin(1, soon()));
  EXPECT_EQ(read_all(out), "last words");
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

class ProcessStreamsTest : public LoopTest {
 protected:
  template <typename Outcome>
  static void expect_refused(const Outcome& outcome, int code, const std::string& message) {
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_EQ(outcome.error().message, message);
  }
  Result<void> attach(StreamKind kind) {
    SocketPair pair;
    kept_.push_back(std::move(pair.ours));
    return streams_.attach(kind, std::move(pair.theirs));
  }

  ProcessStreams streams_{*loop_};
  std::vector<UniqueFd> kept_;
};

TEST_F(ProcessStreamsTest, stream_that_was_not_asked_for_is_refused_and_one_that_was_is_taken_once) {
  auto ends = streams_.prepare({.attached = {false, true, false}});
  ASSERT_TRUE(ends);
  const std::string none = "attach stream: the process has no such stream";
  expect_refused(attach(StreamKind::standard_input), ENOENT, none);
  expect_refused(attach(StreamKind::standard_error), ENOENT, none);
  expect_refused(attach(StreamKind::terminal), ENOENT, none);
  ASSERT_TRUE(attach(StreamKind::standard_output));
  expect_refused(attach(StreamKind::standard_output), EEXIST, "attach stream: it is attached already");
  expect_refused(streams_.close_stdin(), ENOENT, "close stdin: the process has no such stream");
  expect_refused(streams_.resize(1, 1), ENOTTY, "resize terminal: the process has none");
  struct stat info {};
  for (const size_t fd : {size_t{0}, size_t{2}}) {
    ASSERT_EQ(::fstat(ends->at(fd).get(), &info), 0);
    EXPECT_EQ(info.st_rdev, dev_t{0x103}) << "not /dev/null";
  }
}

TEST_F(ProcessStreamsTest, what_is_elsewhere_is_not_made_here) {
  const auto ends = streams_.prepare({.attached = {true, true, true}, .elsewhere = {false, true, true}});
  ASSERT_TRUE(ends);
  EXPECT_TRUE(ends->at(0));
  EXPECT_FALSE(ends->at(1));
  EXPECT_FALSE(ends->at(2));
}

TEST_F(ProcessStreamsTest, input_that_is_a_directory_is_an_empty_one_of_nobodys) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "making a file system needs root";
  }
  const auto ends = streams_.prepare({.stdin_is_directory = true});
  ASSERT_TRUE(ends) << ends.error().message;
  std::array<char, 1> byte{};
  EXPECT_EQ(::read(ends->at(0).get(), byte.data(), 1), -1);
  EXPECT_EQ(errno, EISDIR);
  EXPECT_EQ(::openat(ends->at(0).get(), "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
  EXPECT_EQ(errno, EROFS);
  // Up from it is itself.
  struct stat own {};
  struct stat above {};
  ASSERT_EQ(::fstat(ends->at(0).get(), &own), 0);
  ASSERT_EQ(::fstatat(ends->at(0).get(), "..", &above, 0), 0);
  EXPECT_EQ(own.st_dev, above.st_dev);
  EXPECT_EQ(own.st_ino, above.st_ino);
}

TEST_F(ProcessStreamsTest, input_closed_before_the_host_attached_ends_after_what_it_sent) {
  const auto ends = streams_.prepare({.attached = {true, false, false}});
  ASSERT_TRUE(ends);
  ASSERT_TRUE(streams_.close_stdin());
  SocketPair host;
  ASSERT_EQ(::send(host.ours.get(), "last", 4, MSG_NOSIGNAL), 4);
  ASSERT_TRUE(streams_.attach(StreamKind::standard_input, std::move(host.theirs)));
  turn();
  std::array<char, 8> text{};
  EXPECT_EQ(::read(ends->at(0).get(), text.data(), text.size()), 4);
  EXPECT_EQ(::read(ends->at(0).get(), text.data(), text.size()), 0);
}

TEST_F(ProcessStreamsTest, output_that_has_ended_ends_though_its_pipe_is_held) {
  auto ends = streams_.prepare({.attached = {false, true, false}});
  ASSERT_TRUE(ends);
  ASSERT_EQ(::write(ends->at(1).get(), "words", 5), 5);
  streams_.end_output();
  SocketPair host;
  ASSERT_TRUE(streams_.attach(StreamKind::standard_output, std::move(host.theirs)));
  EXPECT_EQ(read_from(host.ours), "words");
  EXPECT_EQ(read_from(host.ours), "");
}

TEST_F(ProcessStreamsTest, terminal_may_come_after_its_host_and_takes_sizes_as_far_as_there_can_be) {
  ASSERT_TRUE(streams_.prepare({.terminal = true}));
  SocketPair host;
  ASSERT_TRUE(streams_.attach(StreamKind::terminal, std::move(host.theirs)));
  expect_refused(attach(StreamKind::terminal), EEXIST, "attach stream: it is attached already");
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(master);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  const UniqueFd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(slave);
  streams_.set_terminal(std::move(master));
  ASSERT_EQ(::write(slave.get(), "shown", 5), 5);
  EXPECT_EQ(read_from(host.ours), "shown");
  ASSERT_TRUE(streams_.resize(0x10001, 80));
  winsize size{};
  ASSERT_EQ(::ioctl(slave.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 0xffff);
  EXPECT_EQ(size.ws_col, 80);
}

}  // namespace
}  // namespace caisson::agent
