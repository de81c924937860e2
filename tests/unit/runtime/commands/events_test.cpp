// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class Events : public ::testing::Test {
 protected:
  Events() {
    agent::v1::ContainerStatsResponse response;
    (*response.mutable_files())["pids.current"] = "7\n";
    sandbox_.answer("ContainerStats", response);
  }
  Ran events(std::vector<std::string> arguments) {
    return run_verb(make_events, std::move(arguments), sandbox_.root().path());
  }

  test::FakeSandbox sandbox_;
};

TEST_F(Events, statistics_are_printed_once_where_that_is_asked_for) {
  sandbox_.record(Status::running);
  const Ran ran = events({"--stats", "box"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, ::testing::StartsWith(R"({"type":"stats","id":"box")"));
  EXPECT_THAT(ran.output, ::testing::HasSubstr(R"("pids":{"current":7)"));
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 1);
}

TEST_F(Events, of_one_that_has_ended_are_refused) {
  sandbox_.record(Status::stopped);
  EXPECT_EQ(events({"--stats", "box"}).error(), "container with id box is not running");
}

TEST_F(Events, interval_is_checked_before_the_container) {
  EXPECT_EQ(events({"--interval", "0s", "none"}).error(),
            "duration interval must be greater than 0, such as 500ms, 5s or 1m");
  EXPECT_EQ(events({"none"}).code.error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::runtime
