// SPDX-License-Identifier: Apache-2.0
// The streams of containers made by the real agent on this host, seen from the host's side of the contract.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "tests/support/agent_container.h"

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
