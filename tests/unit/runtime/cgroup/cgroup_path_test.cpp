// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/cgroup_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

TEST(CgroupPath, absent_path_is_by_id_and_state_root) {
  const std::string path = cgroup_path("", "x", "/run/caisson").value();
  EXPECT_THAT(path, ::testing::MatchesRegex("/caisson-[0-9a-f]+-x"));
  EXPECT_EQ(path, cgroup_path("", "x", "/run/../run/caisson").value());
  EXPECT_NE(path, cgroup_path("", "x", "/run/other").value());
  EXPECT_NE(path, cgroup_path("", "y", "/run/caisson").value());
}

TEST(CgroupPath, two_names_of_one_state_root_are_one) {
  const test::ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "root");
  std::filesystem::create_symlink("root", scratch / "link");
  EXPECT_EQ(cgroup_path("", "x", scratch / "link").value(), cgroup_path("", "x", scratch / "root").value());
}

TEST(CgroupPath, relative_and_trailing_slash_are_normalized) {
  EXPECT_EQ(cgroup_path("a/b/", "x", "/").value(), "/a/b");
  EXPECT_EQ(cgroup_path("/a//", "x", "/").value(), "/a");
}

TEST(CgroupPath, names_with_dots_are_names) {
  EXPECT_EQ(cgroup_path("/a/..b/c..", "x", "/").value(), "/a/..b/c..");
}

TEST(CgroupPath, escapes_are_refused_by_the_fields_name) {
  for (const std::string path : {"/a/../../b", "..", "/..", "a/..", "/", "///"}) {
    const auto checked = cgroup_path(path, "x", "/");
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().code, EINVAL);
    EXPECT_EQ(checked.error().message,
              "linux.cgroupsPath: \"" + path + "\" must name a cgroup beneath the root");
  }
}

}  // namespace
}  // namespace caisson::runtime
