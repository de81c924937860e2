// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/freezer.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

TEST(Freezer, path_is_that_of_its_hierarchy) {
  EXPECT_EQ(freezer_path("9:name=systemd:/\n6:freezer:/a/b:c\n0::/x\n"), "/a/b:c");
  EXPECT_EQ(freezer_path("6:cpu,freezer:/a"), "/a");
}

TEST(Freezer, there_may_be_none) {
  EXPECT_EQ(freezer_path("0::/freezer\n"), "");
  EXPECT_EQ(freezer_path("3:freezer2:/a\n"), "");
}

TEST(Freezer, malformed_lines_are_passed_over) {
  EXPECT_EQ(freezer_path(""), "");
  EXPECT_EQ(freezer_path("freezer\n:\n::\n6:freezer:/a\n"), "/a");
}

TEST(Freezer, process_that_has_gone_is_in_none) {
  EXPECT_TRUE(leave_frozen_cgroup(0x7fffffff));
}

}  // namespace
}  // namespace caisson::runtime
