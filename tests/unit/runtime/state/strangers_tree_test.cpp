// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/strangers_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/unique_fd.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class StrangersTree : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(tree_); }
  test::ScratchDirectory scratch_;
  std::string tree_ = scratch_.path().string() + "/tree";
};

TEST_F(StrangersTree, absent_one_is_fine) {
  EXPECT_TRUE(remove_strangers_tree(scratch_.path().string() + "/none"));
}

// Deeper than there are descriptors, and than a path may be long.
TEST_F(StrangersTree, deep_one_goes) {
  UniqueFd at(::open(tree_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 5000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), ".0", 0700), 0);
    UniqueFd next(::openat(at.get(), ".0", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(next);
    at = std::move(next);
  }
  at.reset();
  const auto removed = remove_strangers_tree(tree_);
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(std::filesystem::exists(tree_));
}

TEST_F(StrangersTree, wide_one_of_every_kind_goes) {
  for (int i = 0; i < 3000; ++i) {
    std::ofstream(tree_ + "/." + std::to_string(i)) << "x";
    std::filesystem::create_directories(tree_ + "/d" + std::to_string(i % 100) + "/." + std::to_string(i) +
                                        "/e");
  }
  ASSERT_EQ(::mkfifo((tree_ + "/fifo").c_str(), 0600), 0);
  const auto removed = remove_strangers_tree(tree_);
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(std::filesystem::exists(tree_));
}

TEST_F(StrangersTree, what_a_link_leads_to_stays) {
  const std::string kept = scratch_.path().string() + "/kept";
  std::filesystem::create_directories(kept + "/below");
  std::filesystem::create_directory_symlink(kept, tree_ + "/link");
  std::filesystem::create_directories(tree_ + "/d");
  std::filesystem::create_directory_symlink(kept, tree_ + "/d/link");
  EXPECT_TRUE(remove_strangers_tree(tree_));
  EXPECT_TRUE(std::filesystem::exists(kept + "/below"));
  std::filesystem::create_directory_symlink(kept, tree_);
  EXPECT_FALSE(remove_strangers_tree(tree_));
  EXPECT_TRUE(std::filesystem::exists(kept + "/below"));
}

}  // namespace
}  // namespace caisson::runtime
