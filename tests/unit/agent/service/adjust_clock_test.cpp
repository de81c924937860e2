// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, clock_of_a_host_is_read_and_never_put) {
  test::in_namespaces([] {
    RunningAgent running;
    EXPECT_TRUE(running.client().adjust_clock({}, soon()));
    const std::string refusal = "adjust the clock: the agent is not a guest's";
    expect_refused(running.client().adjust_clock({.rate_ppb = 0}, soon()), EOPNOTSUPP, refusal);
    expect_refused(running.client().adjust_clock({.step = std::chrono::nanoseconds(1)}, soon()), EOPNOTSUPP,
                   refusal);
    expect_refused(running.client().adjust_clock({.slew = std::chrono::nanoseconds(1)}, soon()), EOPNOTSUPP,
                   refusal);
  });
}

}  // namespace
}  // namespace caisson::agent
