// SPDX-License-Identifier: Apache-2.0
// The first words between host and agent.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, handshake_names_version_and_kernel) {
  const auto response = client_->handshake(soon());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->protocol(), 1U);
  EXPECT_FALSE(response->kernel_release().empty());
}

}  // namespace
}  // namespace caisson::test
