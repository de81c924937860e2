// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, stats_are_the_files_that_there_are_and_no_others) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c",
                          {{"memory.current", "4096\n"}, {"cpu.stat", "usage_usec 7\n"}, {"secret", "x"}});
    const auto stats = running.client().container_stats("c", soon());
    ASSERT_TRUE(stats) << stats.error().message;
    EXPECT_EQ(stats->files().size(), 2U);
    EXPECT_EQ(stats->files().at("memory.current"), "4096\n");
    EXPECT_EQ(stats->files().at("cpu.stat"), "usage_usec 7\n");
    running.add_bare_container("bare");
    expect_refused(running.client().container_stats("bare", soon()), EOPNOTSUPP,
                   "read stats of container bare: the guest has no cgroups");
    expect_refused(running.client().container_stats("other", soon()), ENOENT,
                   "find container other: no such container");
  });
}

}  // namespace
}  // namespace caisson::agent
