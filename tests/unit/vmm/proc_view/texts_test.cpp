// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/texts.h"

#include <gtest/gtest.h>

#include <ctime>

#include "tests/unit/vmm/proc_view/process_texts.h"

namespace caisson::vmm {
namespace {

using test::process_response;
using test::stat_text;
using test::status_text;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  text.replace(text.find(what), what.size(), by);
  return text;
}

TEST(ProcTexts, stat_that_no_kernel_writes_is_refused) {
  const std::string good = stat_text(7);
  ASSERT_TRUE(check_stat(7, good));
  // Cut anywhere that readers would index beyond.
  for (size_t size = 0; size < good.find(" 65538"); ++size) {
    EXPECT_FALSE(check_stat(7, good.substr(0, size))) << size;
    EXPECT_FALSE(check_stat(7, good.substr(0, size) + "\n")) << size;
  }
  EXPECT_FALSE(check_stat(8, good)) << "another process";
  EXPECT_FALSE(check_stat(7, " " + good));
  EXPECT_FALSE(check_stat(7, replaced(good, "(sh", "sh"))) << "no name";
  EXPECT_FALSE(check_stat(7, replaced(good, " S ", " Q "))) << "no such state";
  EXPECT_FALSE(check_stat(7, replaced(good, " S ", " SS ")));
  for (const char* word : {"x", "1x", "-", "--1", "+1", "0x10", "18446744073709551616", "\x01", "1\n1"}) {
    EXPECT_FALSE(check_stat(7, replaced(good, "34816", word))) << word;
  }
  EXPECT_EQ(check_stat(7, stat_text(7, std::string(1024, 'x'))).error().code, EMSGSIZE);
}

TEST(ProcTexts, names_may_hold_anything_but_what_a_terminal_obeys) {
  EXPECT_EQ(check_stat(7, stat_text(7, "a) R 1 (b")).value(), stat_text(7, "a) R 1 (b"));
  EXPECT_EQ(check_stat(7, stat_text(7, "\x1b[2J\n\x7f")).value(), stat_text(7, "?[2J??"));
  EXPECT_EQ(check_stat(7, stat_text(7, "gr\xc3\xbcn")).value(), stat_text(7, "gr\xc3\xbcn"));
  EXPECT_EQ(check_status(7, status_text(7, "\x1b[2J")).value(), status_text(7, "?[2J"));
}

TEST(ProcTexts, status_that_no_kernel_writes_is_refused) {
  const std::string good = status_text(7);
  ASSERT_EQ(check_status(7, good).value(), good);
  EXPECT_FALSE(check_status(7, ""));
  EXPECT_FALSE(check_status(7, good.substr(1)));
  EXPECT_FALSE(check_status(7, good.substr(0, good.size() - 1)));
  EXPECT_FALSE(check_status(8, good)) << "another process";
  EXPECT_FALSE(check_status(7, good + "no colon\n"));
  EXPECT_FALSE(check_status(7, good + "\n"));
  // Lines that readers index into: missing, twice, too short, too long, not numbers.
  for (const std::string line :
       {"Tgid:\t7\n", "Pid:\t7\n", "PPid:\t0\n", "Uid:\t0\t1\t2\t3\n", "Gid:\t4\t5\t6\t7\n"}) {
    EXPECT_FALSE(check_status(7, replaced(good, "\n" + line, "\n"))) << line;
    EXPECT_FALSE(check_status(7, good + line)) << line;
  }
  for (const char* line : {"Uid:", "Uid:\t", "Uid:\t0\t1\t2", "Uid:\t0\t1\t2\t3\t4", "Uid:\t0\t1\t2\tx"}) {
    EXPECT_FALSE(check_status(7, replaced(good, "Uid:\t0\t1\t2\t3", line))) << line;
  }
  EXPECT_FALSE(check_status(7, replaced(good, "S (sleeping)", "")));
  // A key that no reader would find, or would find elsewhere.
  EXPECT_FALSE(check_status(7, replaced(good, "Uid:\t0", "Uid:0\t")));
  EXPECT_FALSE(check_status(7, good + " Uid:\t0\n"));
  EXPECT_FALSE(check_status(7, good + "Uid\t:\t0\n"));
  EXPECT_EQ(check_status(7, good + "X:\t" + std::string(65536, 'x') + "\n").error().code, EMSGSIZE);
}

TEST(ProcTexts, process_is_whole_or_not_there) {
  const auto process = check_proc(7, process_response(7));
  ASSERT_TRUE(process) << process.error().message;
  EXPECT_EQ(process->cmdline, std::string("sh\0-c\0true\0", 11));
  EXPECT_TRUE(process->pids.empty());
  EXPECT_FALSE(check_proc(7, agent::v1::ReadProcResponse()));
  auto long_winded = process_response(7);
  long_winded.set_cmdline(std::string(65537, 'x'));
  EXPECT_EQ(check_proc(7, long_winded).error().code, EMSGSIZE);
}

TEST(ProcTexts, top_lists_pids_that_can_be_and_tells_the_time_of_boot_by_our_clock) {
  agent::v1::ReadProcResponse response;
  response.add_pids(1);
  response.add_pids(kMaxPid);
  response.set_uptime_ns(100'000'000'000);
  const auto top = check_proc(0, response);
  ASSERT_TRUE(top) << top.error().message;
  EXPECT_EQ(top->pids, (std::vector<uint32_t>{1, kMaxPid}));
  const int64_t now = std::time(nullptr);
  const int64_t boot = std::stoll(top->stat.substr(6));
  EXPECT_EQ(top->stat, "btime " + std::to_string(boot) + "\n");
  EXPECT_GE(boot, now - 102);
  EXPECT_LE(boot, now - 100);
  response.set_uptime_ns(UINT64_MAX);
  EXPECT_EQ(check_proc(0, response)->stat, "btime 0\n");

  response.add_pids(0);
  EXPECT_EQ(check_proc(0, response).error().code, EPROTO);
  response.set_pids(2, kMaxPid + 1);
  EXPECT_EQ(check_proc(0, response).error().code, EPROTO);
  response.clear_pids();
  for (uint32_t i = 0; i < 65537; ++i) {
    response.add_pids(1);
  }
  EXPECT_EQ(check_proc(0, response).error().code, EMSGSIZE);
}

}  // namespace
}  // namespace caisson::vmm
