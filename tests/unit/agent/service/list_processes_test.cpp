// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, processes_are_those_of_the_cgroup_that_have_not_ended) {
  test::in_namespaces([] {
    RunningAgent running;
    const IdleProcess one;
    running.add_container("c", {{"cgroup.procs", std::to_string(one.pid()) + "\n4000000\n"}});
    const auto list = running.client().list_processes("c", soon());
    ASSERT_TRUE(list) << list.error().message;
    ASSERT_EQ(list->processes_size(), 1);
    EXPECT_EQ(list->processes(0).pid(), static_cast<uint32_t>(one.pid()));
    EXPECT_EQ(list->processes(0).ppid(), 1U);
    EXPECT_EQ(list->processes(0).user(), "0");
    EXPECT_EQ(list->processes(0).tty(), "?");
    EXPECT_GT(list->uptime_ns(), 0U);
    EXPECT_LE(list->processes(0).cpu_percent(), 100000U);
    running.add_bare_container("bare");
    EXPECT_EQ(running.client().list_processes("bare", soon())->processes_size(), 0);
    expect_refused(running.client().list_processes("other", soon()), ENOENT,
                   "find container other: no such container");
  });
}

}  // namespace
}  // namespace caisson::agent
