// SPDX-License-Identifier: Apache-2.0
// Against directories that look like a cgroup and /sys/devices/system.
#include "agent/machine/spare_memory.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kBlock = 128 * kMiB;
constexpr uint64_t kGain = 126 * kMiB;
constexpr uint64_t kReserve = 32 * kMiB;

class SpareMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int block = 2; block < 8; ++block) {
      const std::string directory = "memory/memory" + std::to_string(block);
      std::filesystem::create_directories(scratch_ / directory);
      scratch_.write(directory + "/online", "0\n");
    }
    scratch_.write("memory/block_size_bytes", "8000000\n");
    scratch_.write("memory/probe", "");
    std::filesystem::create_directories(scratch_ / "cgroup/box");
    set_memory(0, 0, 0);
    scratch_.write("cgroup/box/memory.high", "");
    auto cgroup = Cgroup::create(scratch_ / "cgroup", "/box");
    ASSERT_TRUE(cgroup);
    cgroup_ = std::move(*cgroup);
    auto spare =
        SpareMemory::create(*cgroup_, scratch_.path(), {2 * kBlock, 3 * kBlock, 4 * kBlock}, 200 * kMiB);
    ASSERT_TRUE(spare) << spare.error().message;
    spare_ = std::move(*spare);
  }

  // What the container needs and has cached, in MiB, and how often it had to wait.
  void set_memory(uint64_t needed, uint64_t cached, int waits) const {
    scratch_.write("cgroup/box/memory.stat", "anon " + std::to_string(needed * kMiB) + "\nfile " +
                                                 std::to_string(cached * kMiB) +
                                                 "\nkernel 0\nshmem 0\nslab_reclaimable 0\n");
    scratch_.write("cgroup/box/memory.events", "low 0\nhigh " + std::to_string(waits) + "\n");
  }
  // What was written last: a file that is no cgroup's keeps what was there before behind it.
  [[nodiscard]] std::string mark() const {
    const std::string text = scratch_.read("cgroup/box/memory.high");
    scratch_.write("cgroup/box/memory.high", "");
    return text;
  }
  [[nodiscard]] bool has(int block) const {
    return scratch_.read("memory/memory" + std::to_string(block) + "/online").starts_with('1');
  }

  test::ScratchDirectory scratch_;
  std::optional<Cgroup> cgroup_;
  std::unique_ptr<SpareMemory> spare_;
};

TEST_F(SpareMemoryTest, the_container_waits_before_the_guest_is_full) {
  EXPECT_EQ(mark(), std::to_string(200 * kMiB - kReserve));
  EXPECT_FALSE(has(2));
}

TEST_F(SpareMemoryTest, one_that_needs_more_gets_half_as_much_again) {
  (void)mark();
  set_memory(168, 0, 1);
  ASSERT_TRUE(spare_->look());
  EXPECT_TRUE(has(2));
  EXPECT_FALSE(has(3));
  EXPECT_EQ(mark(), std::to_string(200 * kMiB - kReserve + kGain));
  set_memory(290, 0, 2);
  ASSERT_TRUE(spare_->look());
  EXPECT_TRUE(has(3));
}

TEST_F(SpareMemoryTest, what_it_has_cached_is_no_need) {
  set_memory(20, 148, 1);
  ASSERT_TRUE(spare_->look());
  EXPECT_FALSE(has(2));
}

TEST_F(SpareMemoryTest, nothing_is_added_for_other_events) {
  set_memory(168, 0, 0);
  ASSERT_TRUE(spare_->look());
  EXPECT_FALSE(has(2));
}

TEST_F(SpareMemoryTest, at_the_end_of_the_machine_it_waits_no_more) {
  set_memory(1000, 0, 1);
  (void)mark();
  ASSERT_TRUE(spare_->look());
  EXPECT_TRUE(has(4));
  EXPECT_EQ(mark(), "max");
  set_memory(1000, 0, 2);
  EXPECT_TRUE(spare_->look());
}

TEST_F(SpareMemoryTest, a_kernel_that_refuses_a_block_is_not_asked_for_others) {
  std::filesystem::remove_all(scratch_ / "memory/memory3");
  (void)mark();
  set_memory(1000, 0, 1);
  EXPECT_FALSE(spare_->look());
  EXPECT_TRUE(has(2));
  EXPECT_FALSE(has(4));
  EXPECT_EQ(mark(), "max");
}

TEST(AvailableMemory, is_read_from_its_line) {
  EXPECT_EQ(parse_available_memory("MemTotal: 9 kB\nMemAvailable:     204800 kB\n").value(), 200 * kMiB);
  for (const char* text : {"", "MemTotal: 9 kB\n", "MemAvailable:", "MemAvailable:    x kB\n"}) {
    EXPECT_FALSE(parse_available_memory(text)) << text;
  }
}

}  // namespace
}  // namespace caisson::agent
