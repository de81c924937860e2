// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/tree.h"

#include <gtest/gtest.h>

#include "vmm/proc_view/texts.h"

namespace caisson::vmm {
namespace {

constexpr ProcNode kTop{};

TEST(ProcTree, name_that_is_no_pid_is_nothing) {
  for (const char* name : {"", "0", "00", "01", "-1", "+1", " 1", "1 ", "1x", "0x1", "self", "4194305",
                           "18446744073709551617", "status", "cmdline", "ns"}) {
    EXPECT_FALSE(child_of(kTop, name)) << name;
  }
  EXPECT_EQ(child_of(kTop, "4194304")->pid, kMaxPid);
  EXPECT_EQ(child_of(kTop, "stat")->file, ProcFile::stat);
}

TEST(ProcTree, process_has_its_files_and_no_processes_in_it) {
  const ProcNode process{.pid = 7};
  EXPECT_EQ(child_of(process, "status")->file, ProcFile::status);
  EXPECT_FALSE(child_of(process, "7"));
  EXPECT_FALSE(child_of(process, "pid"));
  const ProcNode namespaces = child_of(process, "ns").value();
  EXPECT_EQ(child_of(namespaces, "pid")->file, ProcFile::pid_namespace);
  EXPECT_FALSE(child_of(namespaces, "ns"));
  EXPECT_FALSE(child_of(child_of(process, "stat").value(), "stat"));
}

TEST(ProcTree, numbers_lead_back_and_others_nowhere) {
  EXPECT_EQ(number_of(kTop), FUSE_ROOT_ID);
  for (const uint32_t pid : {1U, kMaxPid}) {
    for (uint64_t file = 1; file <= 6; ++file) {
      const ProcNode node{.pid = pid, .file = static_cast<ProcFile>(file)};
      const auto back = node_of(number_of(node));
      ASSERT_TRUE(back);
      EXPECT_EQ(back->pid, pid);
      EXPECT_EQ(back->file, node.file);
    }
    for (const uint64_t file : {0U, 7U}) {
      EXPECT_FALSE(node_of((uint64_t{pid} << 3) | file));
    }
  }
  EXPECT_TRUE(node_of(number_of({.pid = 0, .file = ProcFile::stat})));
  EXPECT_FALSE(node_of(number_of({.pid = 0, .file = ProcFile::status})));
  EXPECT_FALSE(node_of(number_of({.pid = 0, .file = ProcFile::pid_namespace})));
  EXPECT_FALSE(node_of((uint64_t{kMaxPid + 1} << 3) | 1));
  EXPECT_FALSE(node_of((uint64_t{1} << 35) | 1));
}

TEST(ProcTree, nothing_can_be_written_or_executed) {
  for (const ProcFile file : {ProcFile::stat, ProcFile::status, ProcFile::cmdline}) {
    EXPECT_EQ(attr_of({.pid = 7, .file = file}).mode, static_cast<uint32_t>(S_IFREG | 0444));
    EXPECT_EQ(attr_of({.pid = 7, .file = file}).size, kMaxFileBytes) << "0 would be its end to sendfile(2)";
  }
  EXPECT_EQ(attr_of(kTop).mode, static_cast<uint32_t>(S_IFDIR | 0555));
  EXPECT_EQ(attr_of({.pid = 7, .file = ProcFile::namespaces}).mode, static_cast<uint32_t>(S_IFDIR | 0555));
  EXPECT_TRUE(S_ISLNK(attr_of({.pid = 7, .file = ProcFile::pid_namespace}).mode));
}

}  // namespace
}  // namespace caisson::vmm
