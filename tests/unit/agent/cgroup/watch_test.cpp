// SPDX-License-Identifier: Apache-2.0
// On a file of /proc that tells of its changes as those of cgroups do.
#include "agent/cgroup/watch.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>

#include "tests/support/in_namespaces.h"

namespace caisson::agent {
namespace {

TEST(CgroupWatch, tells_of_each_change_and_of_nothing_else) {
  if (const std::string why = test::why_no_namespaces(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/c");
    std::filesystem::create_symlink("/proc/self/mounts", "/tmp/c/events");
    const auto loop = EventLoop::create().value();
    const Cgroup cgroup = std::move(Cgroup::create("/tmp", "/c").value());
    const auto absent = CgroupWatch::create(*loop, cgroup, "absent", [] {});
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ENOENT);
    int changes = 0;
    const auto watch = CgroupWatch::create(*loop, cgroup, "events", [&] {
      ++changes;
      loop->stop();
    });
    ASSERT_TRUE(watch) << watch.error().message;
    for (int round = 1; round <= 2; ++round) {
      ASSERT_EQ(::mount("x", "/run", "tmpfs", 0, nullptr), 0);
      ASSERT_TRUE(loop->run());
      EXPECT_EQ(changes, round);
    }
    loop->post([&] { loop->post([&] { loop->stop(); }); });
    ASSERT_TRUE(loop->run());
    EXPECT_EQ(changes, 2);
  });
}

}  // namespace
}  // namespace caisson::agent
