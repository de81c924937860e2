// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, machine_of_a_host_is_not_grown) {
  test::in_namespaces([] {
    RunningAgent running;
    expect_refused(running.client().grow_machine({}, 0, soon()), EOPNOTSUPP,
                   "grow machine: the agent is not a guest's");
  });
}

}  // namespace
}  // namespace caisson::agent
