// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/cgroup_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<std::string, uint64_t>> entries(std::string_view text) {
  std::vector<std::pair<std::string, uint64_t>> found;
  for_each_flat(text, [&found](std::string_view key, uint64_t value) { found.emplace_back(key, value); });
  return found;
}

TEST(FileOf, is_empty_when_there_is_none) {
  const CgroupFiles files{{"memory.max", "4096\n"}};
  EXPECT_EQ(file_of(files, "memory.max"), "4096\n");
  EXPECT_EQ(file_of(files, "memory.min"), "");
}

TEST(SingleValue, max_is_the_largest_number) {
  EXPECT_EQ(single_value("max\n"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(single_value("18446744073709551615\n"), std::numeric_limits<uint64_t>::max());
}

TEST(SingleValue, what_is_no_number_is_zero) {
  EXPECT_EQ(single_value("7\n"), 7U);
  EXPECT_EQ(single_value(""), 0U);
  EXPECT_EQ(single_value("-7\n"), 0U);
  EXPECT_EQ(single_value("nonsense"), 0U);
  EXPECT_EQ(single_value("18446744073709551616\n"), 0U);
}

TEST(FlatValue, absent_key_is_zero) {
  EXPECT_EQ(flat_value("a 1\nb 2\n", "c"), 0U);
  EXPECT_EQ(flat_value("", "a"), 0U);
}

TEST(FlatValue, is_that_of_the_whole_key) {
  EXPECT_EQ(flat_value("oom_kill_group 3\noom 1\noom_kill 2", "oom_kill"), 2U);
  EXPECT_EQ(flat_value("oom_kill_group 3\noom 1\n", "oom_kill"), 0U);
}

TEST(ForEachFlat, sees_each_line_that_has_a_value) {
  EXPECT_THAT(entries("a 1\n\nb\nc 2 3\n d\ne 4"),
              ElementsAre(Pair("a", 1U), Pair("c", 2U), Pair("", 0U), Pair("e", 4U)));
  EXPECT_THAT(entries("\n"), ElementsAre());
}

TEST(OomKills, are_those_of_memory_events) {
  EXPECT_EQ(oom_kills({{"memory.events", "low 0\nmax 5\noom 3\noom_kill 2\n"}}), 2U);
  EXPECT_EQ(oom_kills({{"memory.stat", "oom_kill 9\n"}}), 0U);
}

}  // namespace
}  // namespace caisson::runtime
