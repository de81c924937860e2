// SPDX-License-Identifier: Apache-2.0
// The lines are ps(1)'s, whatever the guest says of its processes.
#include "runtime/commands/process_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace caisson::runtime {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr time_t kNoon = 1'600'000'000;  // 13 September 2020, 12:26:40 UTC

class ProcessTable : public ::testing::Test {
 protected:
  ProcessTable() {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
    entry_.set_pid(12);
    entry_.set_ppid(1);
    entry_.set_uid(4'000'000'000);  // of nobody on any host
    entry_.set_cpu_percent(3);
    entry_.set_start_time_ns(60 * kSecond);
    entry_.set_cpu_time_ns(3661 * kSecond);
    entry_.set_command("sleep 9");
    entry_.set_state("S");
  }
  [[nodiscard]] std::string row(ProcessLayout layout, uint64_t uptime_s = 120) const {
    return row_of(entry_, {.uptime_ns = uptime_s * kSecond, .now = kNoon}, layout);
  }

  agent::v1::ListProcessesResponse::Entry entry_;
};

TEST_F(ProcessTable, is_laid_out_as_ps_ef) {
  EXPECT_EQ(title_of(ProcessLayout::full), "UID          PID    PPID  C STIME TTY          TIME CMD");
  EXPECT_EQ(row(ProcessLayout::full), "4000000000      12       1  3 12:25 ?        01:01:01 sleep 9");
}

TEST_F(ProcessTable, is_laid_out_as_ps_e_x) {
  entry_.set_tty("pts/0");
  EXPECT_EQ(title_of(ProcessLayout::with_state), "    PID TTY      STAT     TIME COMMAND");
  EXPECT_EQ(row(ProcessLayout::with_state), "     12 pts/0    S    01:01:01 sleep 9");
}

TEST_F(ProcessTable, start_is_a_day_once_it_is_a_day_ago) {
  constexpr uint64_t kDay = 86400;
  EXPECT_THAT(row(ProcessLayout::full, 60 + kDay - 1), ::testing::HasSubstr(" 12:26 "));
  EXPECT_THAT(row(ProcessLayout::full, 60 + kDay), ::testing::HasSubstr(" Sep12 "));
}

TEST_F(ProcessTable, start_that_is_to_come_is_now) {
  EXPECT_THAT(row(ProcessLayout::full, 1), ::testing::HasSubstr(" 12:26 "));
}

TEST_F(ProcessTable, what_the_guest_says_stays_in_its_line) {
  entry_.set_command("a\nroot 1\033[2J");
  entry_.set_tty("t\n");
  entry_.set_state("\r");
  for (const auto layout : {ProcessLayout::full, ProcessLayout::with_state}) {
    EXPECT_THAT(row(layout), ::testing::Not(::testing::ContainsRegex("[\n\r\033]")));
  }
}

TEST_F(ProcessTable, user_is_named_as_the_host_names_it) {
  entry_.set_uid(0);
  entry_.set_user("intruder");
  EXPECT_THAT(row(ProcessLayout::full), ::testing::StartsWith("root  "));
}

TEST(ProcessLayoutOf, is_chosen_by_the_options_of_ps) {
  using Options = std::vector<std::string>;
  EXPECT_EQ(process_layout(Options{}), ProcessLayout::full);
  EXPECT_EQ(process_layout(Options{"-ef"}), ProcessLayout::full);
  EXPECT_EQ(process_layout(Options{"ef"}), ProcessLayout::full);
  EXPECT_EQ(process_layout(Options{"-e", "-f"}), ProcessLayout::full);
  EXPECT_EQ(process_layout(Options{"-e", "-x"}), ProcessLayout::with_state);
}

TEST(ProcessLayoutOf, another_is_refused_by_name) {
  const auto layout = process_layout(std::vector<std::string>{"-e", "-o", "pid"});
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().code, EINVAL);
  EXPECT_THAT(layout.error().message, ::testing::StartsWith("ps option -o: "));
}

}  // namespace
}  // namespace caisson::runtime
