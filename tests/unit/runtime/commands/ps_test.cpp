// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class Ps : public ::testing::Test {
 protected:
  Ps() {
    agent::v1::ListProcessesResponse response;
    response.add_processes()->set_command("sleep 9");
    sandbox_.answer("ListProcesses", response);
  }
  Ran ps(std::vector<std::string> arguments) {
    return run_verb(make_ps, std::move(arguments), sandbox_.root().path());
  }

  test::FakeSandbox sandbox_;
};

TEST_F(Ps, shows_the_guests_processes) {
  sandbox_.record(Status::running);
  EXPECT_THAT(ps({"box"}).output, ::testing::MatchesRegex("UID .* CMD\n.* sleep 9\n"));
  EXPECT_THAT(ps({"box", "-e", "-x"}).output, ::testing::MatchesRegex(" *PID .* COMMAND\n.* sleep 9\n"));
}

TEST_F(Ps, shows_engines_the_hosts_process) {
  sandbox_.record(Status::running);
  EXPECT_EQ(ps({"-f", "json", "box"}).output, "[" + std::to_string(sandbox_.machine().pid()) + "]\n");
  EXPECT_TRUE(sandbox_.heard().empty());
}

TEST_F(Ps, of_one_that_has_ended_shows_none) {
  sandbox_.record(Status::stopped);
  EXPECT_EQ(ps({"-f", "json", "box"}).output, "null\n");
  EXPECT_EQ(ps({"box"}).output, "UID          PID    PPID  C STIME TTY          TIME CMD\n");
  EXPECT_TRUE(sandbox_.heard().empty());
}

TEST_F(Ps, wants_a_container_and_options_of_ps_that_it_knows) {
  EXPECT_EQ(ps({}).error(), "no container given; usage: caisson ps [options] CONTAINER");
  EXPECT_THAT(ps({"none", "aux"}).error(), ::testing::StartsWith("ps option aux: "));
  EXPECT_EQ(ps({"none"}).code.error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::runtime
