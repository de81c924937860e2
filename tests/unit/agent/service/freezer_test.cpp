// SPDX-License-Identifier: Apache-2.0
#include "agent/service/freezer.h"

#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

// cgroup.events is a file that can be watched, as the kernel's own; what it says is never "frozen".
void make_watchable(const std::string& id) {
  std::filesystem::create_symlink("/proc/self/mounts", "/run/cgroups/" + id + "/cgroup.events");
}

TEST_F(ServiceTest, freezing_is_done_once_the_kernel_says_so_and_not_when_it_is_asked) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {{"cgroup.freeze", ""}});
    make_watchable("c");
    running.within([&] {
      Container& container = *running.agent().containers().find("c").value();
      int frozen = 0;
      int thawed = 0;
      ASSERT_TRUE(set_frozen(running.agent(), container, true, [&] { ++frozen; }));
      EXPECT_EQ(running.read("c", "cgroup.freeze"), "1");
      EXPECT_EQ(frozen, 0);
      EXPECT_FALSE(container.paused);
      EXPECT_TRUE(container.freezing) << "nobody would hear of it";
      ASSERT_TRUE(set_frozen(running.agent(), container, false, [&] { ++thawed; }));
      EXPECT_EQ(running.read("c", "cgroup.freeze"), "0");
      EXPECT_EQ(frozen, 0) << "who asked before has been given up";
      EXPECT_EQ(thawed, 1);
      EXPECT_FALSE(container.paused);
      EXPECT_FALSE(container.freezing);
    });
  });
}

TEST_F(ServiceTest, freezing_that_the_kernel_refuses_is_told_and_waited_for_no_longer) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {});
    running.add_bare_container("bare");
    running.within([&] {
      Container& container = *running.agent().containers().find("c").value();
      const auto unwatched = set_frozen(running.agent(), container, true, [] {});
      ASSERT_FALSE(unwatched);
      EXPECT_EQ(unwatched.error().code, ENOENT);
      make_watchable("c");
      const auto refused = set_frozen(running.agent(), container, true, [] { ADD_FAILURE(); });
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ENOENT);
      EXPECT_TRUE(refused.error().message.starts_with("write 1 to cgroup file cgroup.freeze: "));
      EXPECT_FALSE(container.freezing);
      Container& bare = *running.agent().containers().find("bare").value();
      expect_refused(set_frozen(running.agent(), bare, true, [] {}), EOPNOTSUPP,
                     "freeze container bare: the guest has no cgroups");
    });
  });
}

}  // namespace
}  // namespace caisson::agent
