// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/process_entry.h"

#include <gtest/gtest.h>
#include <unistd.h>

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

namespace caisson::agent {
namespace {

// Fields 3 to 22 of proc(5), and whether to leave the last away.
std::string stat_of(const std::string& terminal, bool whole = true) {
  return "1 (x) S 2 3 4 " + terminal + " 6 7 8 9 10 11 5 6 0 0 20 0 1 0" + (whole ? " 300" : "");
}

TEST(ProcStat, last_field_that_is_used_must_be_there) {
  const auto whole = parse_proc_stat(stat_of("0"), 100);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->state, 'S');
  EXPECT_EQ(whole->cpu_time_ns, 110'000'000U);
  EXPECT_EQ(whole->start_time_ns, 3'000'000'000U);
  const auto cut = parse_proc_stat(stat_of("0", false), 100);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, EPROTO);
  EXPECT_EQ(cut.error().message, "read process status: too short");
}

TEST(ProcStat, terminal_is_named_by_what_it_is) {
  EXPECT_EQ(parse_proc_stat(stat_of("0"), 100)->tty, "?");
  EXPECT_EQ(parse_proc_stat(stat_of("-1"), 100)->tty, "?");
  EXPECT_EQ(parse_proc_stat(stat_of("34821"), 100)->tty, "pts/5");
  EXPECT_EQ(parse_proc_stat(stat_of("1026"), 100)->tty, "tty2");
}

TEST(ProcEntry, is_of_the_process_and_none_of_one_that_has_ended) {
  const auto own = read_proc_entry(::getpid());
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(own->ppid, ::getppid());
  EXPECT_EQ(own->uid, ::geteuid());
  EXPECT_NE(own->command.find("agent_test"), std::string::npos) << own->command;
  EXPECT_FALSE(own->command.ends_with(' '));
  EXPECT_EQ(read_proc_entry(0x7ffffff0).error().code, ESRCH);
}

}  // namespace
}  // namespace caisson::agent
