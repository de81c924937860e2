// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, delete_answers_once_the_container_is_gone_and_at_once_where_there_is_none) {
  test::in_namespaces([] {
    RunningAgent running;
    EXPECT_TRUE(running.client().delete_container("c", soon()));
    running.add_container("c", {});
    ASSERT_TRUE(running.client().delete_container("c", soon()));
    running.within([&] { EXPECT_FALSE(running.agent().containers().find("c")); });
    EXPECT_FALSE(std::filesystem::exists("/run/cgroups/c"));
  });
}

}  // namespace
}  // namespace caisson::agent
