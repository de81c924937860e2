// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/process_entry.h"

#include <gtest/gtest.h>

namespace caisson::agent {
namespace {

TEST(ProcStat, name_with_brackets_and_spaces_does_not_shift_the_fields) {
  const auto entry = parse_proc_stat(
      "42 (a) R 1 (b) S 7 42 42 34817 42 4194304 1 2 3 4 150 50 0 0 20 0 1 0 1000 0 0 0", 100);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->ppid, 7);
  EXPECT_EQ(entry->tty, "pts/1");
  EXPECT_EQ(entry->cpu_time_ns, 2'000'000'000U);
  EXPECT_EQ(entry->start_time_ns, 10'000'000'000U);
  EXPECT_EQ(entry->command, "[a) R 1 (b]");
}

TEST(ProcStat, cut_short_is_refused) {
  for (const char* text : {"", "1", "1 (", "1 (x", "1 (x)", "1 (x) ", "1 (x) S", "1 (x) S 1 2 3", ")("}) {
    EXPECT_FALSE(parse_proc_stat(text, 100)) << text;
  }
}

}  // namespace
}  // namespace caisson::agent
