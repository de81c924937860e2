// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/files.h"

#include <gtest/gtest.h>

#include <map>

namespace caisson::agent {
namespace {

ProcFiles process_90() {
  return {.stat = "90 (a) R 1 (b) S 80 81 82 34816 90 4194560 130 0\n",
          .status =
              "Name:\ta) R 1 (b\nState:\tS (sleeping)\nTgid:\t90\nPid:\t90\nPPid:\t80\nTracerPid:\t0\n"
              "Uid:\t100000\t100001\t5\t100000\nGid:\t0\t0\t0\t0\nGroups:\t100010 7 \n"
              "NStgid:\t90\t5\t1\nNSpid:\t90\t5\t1\nNSpgid:\t81\t4\t0\nNSsid:\t82\t3\t0\nVmRSS:\t 4 kB\n",
          .cmdline = {}};
}

// Of a container one namespace deep, whose process 1 is the agent's 80.
Viewpoint beneath() {
  return {
      .level = 1,
      .seen =
          [](pid_t pid) {
            return std::map<pid_t, pid_t>{{80, 1}, {90, 5}}[pid];
          },
      .uids = {{.inside = 0, .outside = 100000, .count = 10}},
      .gids = {{.inside = 1000, .outside = 0, .count = 1}, {.inside = 0, .outside = 100000, .count = 65536}}};
}

TEST(ProcFiles, numbers_are_the_containers) {
  ProcFiles files = process_90();
  ASSERT_TRUE(translate(files, beneath()));
  EXPECT_EQ(files.stat, "5 (a) R 1 (b) S 1 4 3 34816 5 4194560 130 0\n");
  EXPECT_EQ(files.status,
            "Name:\ta) R 1 (b\nState:\tS (sleeping)\nTgid:\t5\nPid:\t5\nPPid:\t1\nTracerPid:\t0\n"
            "Uid:\t0\t1\t65534\t0\nGid:\t1000\t1000\t1000\t1000\nGroups:\t10\t65534\n"
            "NStgid:\t5\t1\nNSpid:\t5\t1\nNSpgid:\t4\t0\nNSsid:\t3\t0\nVmRSS:\t 4 kB\n");
}

TEST(ProcFiles, process_above_the_namespace_is_not_in_it) {
  ProcFiles files = process_90();
  Viewpoint deep = beneath();
  deep.level = 3;
  EXPECT_EQ(translate(files, deep).error().code, ESRCH);
}

TEST(ProcFiles, parent_outside_is_0_no_terminal_stays_minus_1_and_no_groups_are_none) {
  ProcFiles files = process_90();
  files.stat = "90 (x) S 70 81 82 0 -1 0\n";
  files.status += "Groups:\t \n";
  ASSERT_TRUE(translate(files, beneath()));
  EXPECT_TRUE(files.status.ends_with("\nGroups:\t\n"));
  EXPECT_EQ(files.stat, "5 (x) S 0 4 3 0 -1 0\n");
}

TEST(ProcFiles, what_the_kernel_does_not_write_is_refused) {
  for (const char* stat :
       {"", "90", "90 (x", "90 (x)", "90 (x) S", "90 (x) S 1 2 3 4", "90 (x) S y 2 3 4 5", ")90("}) {
    ProcFiles files = process_90();
    files.stat = stat;
    EXPECT_EQ(translate(files, beneath()).error().code, EPROTO) << stat;
  }
  for (const char* line : {"no colon\n", "\n", "Uid:\tx\n", "Groups:\t-1\n", "PPid:\n", "TracerPid:\t1x\n"}) {
    ProcFiles files = process_90();
    files.status += line;
    EXPECT_EQ(translate(files, beneath()).error().code, EPROTO) << line;
  }
}

TEST(ProcFiles, level_is_counted) {
  EXPECT_EQ(namespaces_in(process_90().status), 3U);
  EXPECT_EQ(namespaces_in("Name:\tNSpid:\t1\t2\n"), 0U);
  EXPECT_EQ(namespaces_in(""), 0U);
}

TEST(ProcFiles, id_map_is_lines_of_three) {
  const auto ranges = parse_id_map("         0     100000      65536\n     65536          0          1\n");
  ASSERT_TRUE(ranges);
  ASSERT_EQ(ranges->size(), 2U);
  EXPECT_EQ(ranges->at(1).inside, 65536U);
  EXPECT_TRUE(parse_id_map("")->empty());
  for (const char* text : {"0 0", "0 0 x", "0 0 4294967296", "-1 0 1"}) {
    EXPECT_FALSE(parse_id_map(text)) << text;
  }
}

}  // namespace
}  // namespace caisson::agent
