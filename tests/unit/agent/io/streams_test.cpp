// SPDX-License-Identifier: Apache-2.0
// The streams of containers made by the real agent on this host, seen from the host's side of the contract.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <fstream>
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

TEST_F(AgentContainer, terminal_has_its_size_echoes_and_is_the_console) {
  auto request = container_request(
      "c", 1, {"sh", "-c", "tty; stty size; ls -l /dev/console | wc -l; read x; echo got $x"});
  request.mutable_init()->set_terminal(true);
  request.mutable_init()->mutable_console_size()->set_rows(33);
  request.mutable_init()->mutable_console_size()->set_columns(77);
  const UniqueFd terminal = stream(StreamKind::terminal, 1);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_EQ(::send(terminal.get(), "hello\n", 6, MSG_NOSIGNAL), 6);
  const std::string out = read_all(terminal);
  // The terminal echoes the host's line whenever it arrives: between any two of the program's.
  EXPECT_NE(out.find("/dev/pts/0\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("33 77\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("\n1\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("hello\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("got hello\r\n"), std::string::npos) << out;
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
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

TEST_F(AgentContainer, bad_descriptors_to_inherit_are_refused_and_good_ones_are_there) {
  const auto outcome = [&](uint64_t token, const std::vector<agent::v1::InheritedDescriptor>& inherited) {
    auto request = container_request("c", token, {"ls", "/proc/self/fd"});
    for (const auto& one : inherited) {
      *request.mutable_init()->add_inherited() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, bool reads, bool writes, uint32_t minor = 0) {
    agent::v1::InheritedDescriptor one;
    one.set_number(number);
    one.set_reads(reads);
    one.set_writes(writes);
    one.set_device_minor(minor);
    return one;
  };
  EXPECT_EQ(outcome(1, {descriptor(2, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(512, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(~0U, true, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false), descriptor(4, false, true)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, false, false)}), EINVAL);
  EXPECT_EQ(outcome(1, {descriptor(4, true, false, 11)}), EINVAL);
  std::vector<agent::v1::InheritedDescriptor> many;
  for (uint32_t number = 3; number < 3 + agent::kMostInherited + 1; ++number) {
    many.push_back(descriptor(number, true, number % 2 == 0, number % 3 == 0 ? 3 : 0));
  }
  EXPECT_EQ(outcome(1, many), E2BIG);
  many.back() = descriptor(511, true, true);
  many.erase(many.begin());
  EXPECT_EQ(outcome(1, many), 0);
}

TEST_F(AgentContainer, bad_standard_descriptors_are_refused) {
  const auto outcome = [&](const std::vector<agent::v1::InheritedDescriptor>& standard) {
    auto request = container_request("c", 1, {"true"});
    for (const auto& one : standard) {
      *request.mutable_init()->add_standard() = one;
    }
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  const auto descriptor = [](uint32_t number, uint32_t minor, const std::string& name = "") {
    agent::v1::InheritedDescriptor one;
    one.set_number(number);
    one.set_reads(true);
    one.set_device_minor(minor);
    one.set_served_name(name);
    return one;
  };
  EXPECT_EQ(outcome({descriptor(3, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(~0U, 3)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(0, 5)}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0)}), EINVAL) << "a stream";
  EXPECT_EQ(outcome({descriptor(0, 11)}), EINVAL) << "a device that is not known";
  EXPECT_EQ(outcome({descriptor(0, 0, "../x")}), EINVAL);
  EXPECT_EQ(outcome({descriptor(0, 0, "no-such")}), ENOENT);
  EXPECT_EQ(outcome({descriptor(0, 3), descriptor(1, 7)}), 0);
}

}  // namespace
}  // namespace caisson::test
