// SPDX-License-Identifier: Apache-2.0
// The agent's side of growth, against a directory that looks like /sys/devices/system.
#include "agent/machine/growth.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

constexpr uint64_t kBlock = uint64_t{128} << 20;

class GrowthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(scratch_ / "memory/memory2");
    scratch_.write("memory/block_size_bytes", "8000000\n");
    scratch_.write("memory/probe", "");
    scratch_.write("memory/memory2/online", "1\n");
  }

  void add_cpu(int number, const std::string& online) const {
    const std::string directory = "cpu/cpu" + std::to_string(number);
    std::filesystem::create_directories(scratch_ / directory);
    if (!online.empty()) {
      scratch_.write(directory + "/online", online);
    }
  }

  test::ScratchDirectory scratch_;
  std::string devices_ = scratch_.path();
};

TEST_F(GrowthTest, a_block_is_named_to_the_kernel_by_its_address) {
  EXPECT_TRUE(take_memory_block(devices_, 2 * kBlock));
  EXPECT_EQ(scratch_.read("memory/probe"), "0x10000000");
  EXPECT_EQ(scratch_.read("memory/memory2/online"), "1\n");
}

TEST_F(GrowthTest, a_block_that_the_kernel_leaves_unused_is_put_to_use) {
  scratch_.write("memory/memory2/online", "0\n");
  EXPECT_TRUE(take_memory_block(devices_, 2 * kBlock));
  EXPECT_EQ(scratch_.read("memory/memory2/online"), "1\n");
}

TEST_F(GrowthTest, an_address_within_a_block_is_refused) {
  const auto refused = take_memory_block(devices_, 2 * kBlock + 4096);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EINVAL);
  EXPECT_EQ(scratch_.read("memory/probe"), "");
}

TEST_F(GrowthTest, a_kernel_without_such_files_is_told_of) {
  std::filesystem::remove(devices_ + "/memory/memory2/online");
  EXPECT_FALSE(take_memory_block(devices_, 2 * kBlock));
  for (const char* text : {"", "0\n", "x\n", "8000000z\n"}) {
    scratch_.write("memory/block_size_bytes", text);
    EXPECT_FALSE(take_memory_block(devices_, 2 * kBlock)) << text;
  }
}

TEST_F(GrowthTest, cpus_are_started_until_there_are_enough) {
  add_cpu(0, "");
  add_cpu(1, "1\n");
  add_cpu(2, "0\n");
  add_cpu(3, "0\n");
  EXPECT_TRUE(start_cpus(devices_, 0));
  EXPECT_TRUE(start_cpus(devices_, 1));
  EXPECT_EQ(scratch_.read("cpu/cpu2/online"), "0\n");
  EXPECT_TRUE(start_cpus(devices_, 3));
  EXPECT_EQ(scratch_.read("cpu/cpu2/online"), "1\n");
  EXPECT_EQ(scratch_.read("cpu/cpu3/online"), "0\n");
  EXPECT_FALSE(start_cpus(devices_, 5));
}

}  // namespace
}  // namespace caisson::agent
