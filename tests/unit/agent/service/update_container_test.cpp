// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, update_writes_what_it_is_given_and_needs_a_cgroup) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {{"memory.max", ""}, {"pids.max", ""}});
    v1::Resources resources;
    resources.set_memory_max(4096);
    ASSERT_TRUE(running.client().update_container("c", resources, soon()));
    EXPECT_EQ(running.read("c", "memory.max"), "4096");
    EXPECT_EQ(running.read("c", "pids.max"), "");
    (*resources.mutable_unified())["cgroup.procs"] = "1";
    expect_refused(running.client().update_container("c", resources, soon()), EINVAL,
                   "linux.resources.unified: cgroup.procs is not the name of a limit");
    running.add_bare_container("bare");
    expect_refused(running.client().update_container("bare", resources, soon()), EOPNOTSUPP,
                   "update container bare: the guest has no cgroups");
    expect_refused(running.client().update_container("other", resources, soon()), ENOENT,
                   "find container other: no such container");
  });
}

TEST_F(ServiceTest, update_refuses_device_rules_that_are_none) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {});
    v1::Resources resources;
    resources.add_device_rules()->set_type("x");
    expect_refused(running.client().update_container("c", resources, soon()), EINVAL,
                   "read device rule: type is a, b or c");
  });
}

}  // namespace
}  // namespace caisson::agent
