// SPDX-License-Identifier: Apache-2.0
// An agent on this host for each test, and containers that run to their end. For the files of this folder.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/support/agent_on_host.h"

namespace caisson::test {

using agent::StreamKind;

inline agent::Deadline soon() {
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

  // No test may change the host, whatever the agent does.
  void TearDown() override {
    struct stat null {};
    ASSERT_EQ(::stat("/dev/null", &null), 0);
    EXPECT_EQ(null.st_mode, mode_t{S_IFCHR | 0666}) << "the host's /dev/null was changed";
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
    if (!input.empty()) {
      EXPECT_EQ(::send(in.get(), input.data(), input.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(input.size()));
    }
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

}  // namespace caisson::test
