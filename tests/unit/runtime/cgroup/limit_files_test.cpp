// SPDX-License-Identifier: Apache-2.0
// Files stand in for the kernel's.
#include "runtime/cgroup/limit_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class LimitFiles : public ::testing::Test {
 protected:
  Result<void> write(const std::vector<CgroupWrite>& writes, std::string_view controller = "") {
    return write_limits(directory_.path(), writes, controller);
  }

  const CgroupWrite memory_{
      .controller = "memory", .file = "memory.max", .text = "4096", .path = "linux.resources.memory.limit"};
  const CgroupWrite weight_{.controller = "io",
                            .file = "io.weight",
                            .text = "100",
                            .path = "linux.resources.blockIO.weight",
                            .preferred_file = "io.bfq.weight",
                            .preferred_text = "10"};
  test::ScratchDirectory directory_;
};

TEST_F(LimitFiles, have_what_was_asked_for) {
  directory_.write("memory.max", "");
  ASSERT_TRUE(write({memory_}));
  EXPECT_EQ(directory_.read("memory.max"), "4096");
}

TEST_F(LimitFiles, of_another_controller_are_left_alone) {
  directory_.write("memory.max", "old");
  ASSERT_TRUE(write({memory_}, "cpu"));
  EXPECT_EQ(directory_.read("memory.max"), "old");
  ASSERT_TRUE(write({memory_}, "memory"));
  EXPECT_EQ(directory_.read("memory.max"), "4096");
}

TEST_F(LimitFiles, that_is_not_there_is_told_by_its_field) {
  const auto written = write({memory_});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOENT);
  EXPECT_THAT(written.error().message, ::testing::StartsWith("linux.resources.memory.limit: open "));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "memory.max"));
}

TEST_F(LimitFiles, preferred_one_is_written_where_there_is_one) {
  directory_.write("io.weight", "");
  ASSERT_TRUE(write({weight_}));
  EXPECT_EQ(directory_.read("io.weight"), "100");
  directory_.write("io.weight", "");
  directory_.write("io.bfq.weight", "");
  ASSERT_TRUE(write({weight_}));
  EXPECT_EQ(directory_.read("io.weight"), "");
  EXPECT_EQ(directory_.read("io.bfq.weight"), "10");
}

TEST_F(LimitFiles, one_that_fails_for_good_ends_it) {
  directory_.write("memory.max", "");
  const auto written = write({weight_, memory_});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, ::testing::StartsWith("linux.resources.blockIO.weight: "));
  EXPECT_EQ(directory_.read("memory.max"), "");
}

}  // namespace
}  // namespace caisson::runtime
