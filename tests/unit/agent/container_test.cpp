// SPDX-License-Identifier: Apache-2.0
// Containers made by the real agent on this host, seen from the host's side of the contract.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/agent_on_host.h"

namespace caisson::test {
namespace {

using agent::StreamKind;

agent::Deadline soon() {
  return agent::deadline_in(std::chrono::seconds(60));
}

class AgentContainer : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_agent_on_host(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    auto started = AgentOnHost::start(CAISSON_AGENT);
    ASSERT_TRUE(started) << started.error().message;
    agent_ = std::move(*started);
    auto connected = agent_->connect();
    ASSERT_TRUE(connected) << connected.error().message;
    client_.emplace(std::move(*connected));
  }

  struct Outcome {
    uint32_t exit_code = 0;
    std::string out;
    std::string err;
  };

  UniqueFd stream(StreamKind kind, uint64_t process) { return agent_->open_stream(kind, process).value(); }

  // Creates, starts, feeds and drains the container, and waits for its end.
  Outcome run(const agent::v1::CreateContainerRequest& request, std::string_view input = {}) {
    const uint64_t process = request.process();
    const UniqueFd in = stream(StreamKind::standard_input, process);
    const UniqueFd out = stream(StreamKind::standard_output, process);
    const UniqueFd err = stream(StreamKind::standard_error, process);
    Outcome outcome{.exit_code = 999, .out = {}, .err = {}};
    const auto created = client_->create_container(request, soon());
    if (!created) {
      outcome.err = created.error().message;
      return outcome;
    }
    if (const auto started = client_->start_container(request.container(), soon()); !started) {
      outcome.err = started.error().message;
      return outcome;
    }
    EXPECT_EQ(::send(in.get(), input.data(), input.size(), MSG_NOSIGNAL), static_cast<ssize_t>(input.size()));
    ::shutdown(in.get(), SHUT_WR);
    outcome.out = read_all(out);
    outcome.err = read_all(err);
    outcome.exit_code = client_->wait_process(process, soon()).value().exit_code;
    EXPECT_TRUE(client_->delete_container(request.container(), soon()));
    return outcome;
  }
  Outcome run_shell(const std::string& script) {
    return run(container_request("c", ++token_, {"sh", "-c", script}));
  }

  std::unique_ptr<AgentOnHost> agent_;
  std::optional<agent::AgentClient> client_;
  uint64_t token_ = 100;
};

TEST_F(AgentContainer, handshake_names_version_and_kernel) {
  const auto response = client_->handshake(soon());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->protocol(), 1U);
  EXPECT_FALSE(response->kernel_release().empty());
}

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

TEST_F(AgentContainer, signal_ends_it_with_128_plus_n) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  const auto exit = client_->wait_process(1, soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, 137U);
  EXPECT_EQ(exit->signal, 9U);
}

TEST_F(AgentContainer, process_is_pid_1_of_its_namespaces) {
  const Outcome outcome = run_shell("echo $$; hostname; pwd; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.out, "1\nbox\n/\n4\n") << outcome.err;  // the fourth is ls's own
}

TEST_F(AgentContainer, missing_program_is_told_by_create_in_the_words_engines_know) {
  const Outcome outcome = run(container_request("c", 1, {"nothing"}));
  EXPECT_EQ(outcome.err, "exec: \"nothing\": executable file not found in $PATH");
}

TEST_F(AgentContainer, program_that_is_not_executable_is_permission_denied) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec: \"/etc/file\": permission denied");
}

TEST_F(AgentContainer, program_of_no_known_format_is_told_by_start) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  ::chmod((agent_->rootfs() / "etc/file").c_str(), 0755);
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec /etc/file: exec format error");
}

}  // namespace
}  // namespace caisson::test
