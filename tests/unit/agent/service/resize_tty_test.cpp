// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, terminal_of_a_process_that_there_is_not_has_no_size) {
  test::in_namespaces([] {
    RunningAgent running;
    expect_refused(running.client().resize_tty(7, 25, 80, soon()), ESRCH, "find process 7: no such process");
  });
}

}  // namespace
}  // namespace caisson::agent
