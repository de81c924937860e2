// SPDX-License-Identifier: Apache-2.0
// Containers that are taken away.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, deleted_container_can_be_made_again_under_its_id) {
  for (uint64_t token = 1; token <= 3; ++token) {
    ASSERT_TRUE(client_->create_container(container_request("c", token, {"sleep", "1000"}), soon()));
    EXPECT_EQ(client_->create_container(container_request("c", token + 50, {"true"}), soon()).error().code,
              EEXIST);
    ASSERT_TRUE(client_->delete_container("c", soon()));
  }
  EXPECT_TRUE(client_->delete_container("c", soon())) << "idempotent";
  EXPECT_EQ(client_->start_container("c", soon()).error().code, ENOENT);
  EXPECT_EQ(client_->signal_process("c", 1, SIGTERM, soon()).error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::test
