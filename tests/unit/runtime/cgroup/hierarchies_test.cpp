// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/hierarchies.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

constexpr const char* kHybrid =
    "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(CgroupHierarchies, hybrid_host_is_v1_with_a_bare_v2_tree) {
  const CgroupHierarchies host = parse_cgroup_mounts(kHybrid);
  EXPECT_FALSE(host.is_unified());
  EXPECT_STREQ(host.version_name(), "hybrid");
  EXPECT_EQ(host.v1.at("cpu"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(host.v1.at("cpuacct"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(host.v1.at("memory"), "/sys/fs/cgroup/memory");
  EXPECT_EQ(host.v1.size(), 3U);
  EXPECT_EQ(host.systemd, "/sys/fs/cgroup/systemd");
}

TEST(CgroupHierarchies, unified_host_has_one_mount) {
  const CgroupHierarchies host = parse_cgroup_mounts("30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_TRUE(host.is_unified());
  EXPECT_EQ(host.v2, "/sys/fs/cgroup");
}

TEST(CgroupHierarchies, malformed_lines_are_passed_over) {
  EXPECT_STREQ(parse_cgroup_mounts("").version_name(), "none");
  EXPECT_STREQ(parse_cgroup_mounts("x\n - \n1 2 - cgroup\n - cgroup2 a b\n").version_name(), "none");
}

}  // namespace
}  // namespace caisson::runtime
