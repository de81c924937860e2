// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, container_that_is_not_created_is_not_resumed) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {{"cgroup.freeze", ""}});
    expect_refused(running.client().resume_container("c", soon()), EBUSY, "container c is not running yet");
    expect_refused(running.client().resume_container("other", soon()), ENOENT,
                   "find container other: no such container");
    EXPECT_EQ(running.read("c", "cgroup.freeze"), "");
  });
}

}  // namespace
}  // namespace caisson::agent
