// SPDX-License-Identifier: Apache-2.0
// The files come from the guest: whatever is in them, one line of JSON comes out.
#include "runtime/commands/stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

TEST(Stats, figures_are_taken_from_cgroup_v2) {
  const std::string line = stats_event("x", {{"cpu.stat", "usage_usec 3\nuser_usec 2\nsystem_usec 1\n"},
                                             {"memory.current", "4096\n"},
                                             {"memory.max", "max\n"},
                                             {"memory.stat", "anon 1\nfile 2\n"},
                                             {"pids.current", "7\n"},
                                             {"pids.max", "max\n"}});
  EXPECT_THAT(line, HasSubstr(R"({"type":"stats","id":"x","data":{"cpu":{"usage":{"total":3000)"));
  EXPECT_THAT(line, HasSubstr(R"("usage":{"limit":18446744073709551615,"usage":4096)"));
  EXPECT_THAT(line, HasSubstr(R"("cache":2)"));
  EXPECT_THAT(line, HasSubstr(R"("pids":{"current":7,"limit":0})"));
}

TEST(Stats, no_files_are_zeros) {
  EXPECT_THAT(stats_event("x", {}), HasSubstr("\"total\":0"));
}

TEST(Stats, hostile_files_still_give_one_line) {
  const std::string line =
      stats_event("x", {{"memory.stat", "\xff\xfe 1\n\n \nx\nlong " + std::string(100, '9') + "\n"},
                        {"cpu.stat", "usage_usec"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(Stats, names_that_no_kernel_gives_are_left_out) {
  const std::string line = stats_event("x", {{"memory.stat",
                                              "a\xc2\x9b"
                                              "b 1\nc\xe2\x80\xae 2\nd\033[2J 3\nkernel_stack 4\n" +
                                                  std::string(65, 'e') + " 5\n"}});
  EXPECT_THAT(line, HasSubstr(R"("raw":{"kernel_stack":4})"));
}

TEST(Stats, raw_entries_are_bounded) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "key" + std::to_string(i) + " 1\n";
  EXPECT_LT(stats_event("x", {{"memory.stat", text}}).size(), 20000U);
}

TEST(EventWriter, tells_of_each_oom_kill_once_before_the_statistics) {
  EventWriter writer("x");
  const auto lines_after = [&writer](const std::string& kills) {
    return writer.lines_for({{"memory.events", "oom 9\noom_kill " + kills + "\n"}});
  };
  const auto stats = HasSubstr(R"({"type":"stats","id":"x")");
  const std::string oom = R"({"type":"oom","id":"x"})";
  EXPECT_THAT(lines_after("0"), ::testing::ElementsAre(stats));
  EXPECT_THAT(lines_after("1"), ::testing::ElementsAre(oom, stats));
  EXPECT_THAT(lines_after("1"), ::testing::ElementsAre(stats));
  EXPECT_THAT(lines_after("3"), ::testing::ElementsAre(oom, stats));
  // A guest that counts backwards has told of these.
  EXPECT_THAT(lines_after("2"), ::testing::ElementsAre(stats));
  EXPECT_THAT(lines_after("3"), ::testing::ElementsAre(stats));
}

}  // namespace
}  // namespace caisson::runtime
