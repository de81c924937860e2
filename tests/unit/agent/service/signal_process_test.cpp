// SPDX-License-Identifier: Apache-2.0
// Signals to the processes of containers.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, signal_ends_it_with_128_plus_n) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  const auto exit = client_->wait_process(1, soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, 137U);
  EXPECT_EQ(exit->signal, 9U);
}

}  // namespace
}  // namespace caisson::test
