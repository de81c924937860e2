// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, input_of_a_process_that_there_is_not_cannot_be_closed) {
  test::in_namespaces([] {
    RunningAgent running;
    expect_refused(running.client().close_stdin(7, soon()), ESRCH, "find process 7: no such process");
  });
}

}  // namespace
}  // namespace caisson::agent
