// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, container_that_is_not_created_is_not_started) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_bare_container("c");
    expect_refused(running.client().start_container("c", soon()), EBUSY,
                   "start container: it is not created yet");
    expect_refused(running.client().start_container("other", soon()), ENOENT,
                   "find container other: no such container");
  });
}

}  // namespace
}  // namespace caisson::agent
