// SPDX-License-Identifier: Apache-2.0
// Who waits for the end of a process.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, process_waited_for_before_it_exists_is_told) {
  auto waiting = agent_->connect();
  const uint32_t call = waiting->start_wait(1, soon()).value();
  EXPECT_EQ(run(container_request("c", 1, {"sh", "-c", "exit 4"})).exit_code, 4U);
  EXPECT_EQ(waiting->finish_wait(call, soon())->exit_code, 4U);
}

}  // namespace
}  // namespace caisson::test
