// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class Processes : public ::testing::Test {
 protected:
  Processes() {
    agent::v1::ListProcessesResponse response;
    response.add_processes()->set_pid(7);
    response.set_uptime_ns(5);
    sandbox_.answer("ListProcesses", response);
  }

  test::FakeSandbox sandbox_;
};

TEST_F(Processes, are_those_that_the_guest_lists) {
  const auto list = processes_in(sandbox_.directory(), sandbox_.record(Status::running));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->processes_size(), 1);
  EXPECT_EQ(list->processes(0).pid(), 7U);
  EXPECT_EQ(list->uptime_ns(), 5U);
  EXPECT_EQ(sandbox_.last<agent::v1::ListProcessesRequest>("ListProcesses").container(), "box");
  EXPECT_THAT(sandbox_.heard(), ElementsAre("ListProcesses: running"));
}

TEST_F(Processes, of_a_paused_container_wake_its_guest) {
  ASSERT_TRUE(processes_in(sandbox_.directory(), sandbox_.record(Status::paused)));
  EXPECT_THAT(sandbox_.heard(), ElementsAre("vmm wake: paused", "ListProcesses: paused"));
}

TEST_F(Processes, refusal_of_the_guest_is_an_error) {
  sandbox_.refuse("ListProcesses", {.code = ENOENT, .message = "no such container"});
  const auto list = processes_in(sandbox_.directory(), sandbox_.record(Status::running));
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::runtime
