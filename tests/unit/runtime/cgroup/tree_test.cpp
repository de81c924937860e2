// SPDX-License-Identifier: Apache-2.0
// Directories stand in for cgroups: they too go from the leaves up.
#include "runtime/cgroup/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class CgroupTree : public ::testing::Test {
 protected:
  // Of so many levels, the cgroup itself the first.
  void make(int levels) {
    std::string path = top_;
    for (int level = 1; level < levels; ++level) path += "/a";
    std::filesystem::create_directories(path);
  }

  test::ScratchDirectory scratch_;
  std::string top_ = scratch_ / "box";
};

TEST_F(CgroupTree, goes_with_all_beneath) {
  std::filesystem::create_directories(top_ + "/a/b");
  std::filesystem::create_directories(top_ + "/c");
  std::filesystem::create_directories(scratch_ / "other");
  ASSERT_TRUE(remove_cgroup_tree(top_));
  EXPECT_FALSE(std::filesystem::exists(top_));
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "other"));
}

TEST_F(CgroupTree, that_is_gone_is_fine) {
  EXPECT_TRUE(remove_cgroup_tree(top_));
}

TEST_F(CgroupTree, links_are_not_followed) {
  std::filesystem::create_directories(scratch_ / "elsewhere/kept");
  std::filesystem::create_directories(top_);
  std::filesystem::create_directory_symlink(scratch_ / "elsewhere", top_ + "/link");
  const auto removed = remove_cgroup_tree(top_);
  ASSERT_FALSE(removed) << "no cgroup has links in it";
  EXPECT_EQ(removed.error().code, ENOTEMPTY);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "elsewhere/kept"));
}

TEST_F(CgroupTree, has_a_deepest_level) {
  make(65);
  EXPECT_TRUE(remove_cgroup_tree(top_));
  make(66);
  const auto removed = remove_cgroup_tree(top_);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, ELOOP);
  EXPECT_THAT(removed.error().message, ::testing::HasSubstr("there are more than 64 levels above it"));
}

TEST_F(CgroupTree, what_cannot_be_removed_is_named) {
  std::filesystem::create_directories(top_);
  scratch_.write("box/file", "");
  const auto removed = remove_cgroup_tree(top_);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message, "remove cgroup " + top_ + ": Directory not empty");
}

}  // namespace
}  // namespace caisson::runtime
