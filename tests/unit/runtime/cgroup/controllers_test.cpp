// SPDX-License-Identifier: Apache-2.0
// Files stand in for the kernel's, and keep what stood behind the text that is written over them. What the
// kernel does on a write is tested by tests/containers/cgroups.bats.
#include "runtime/cgroup/controllers.h"

#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

const CgroupWrite kMemory{
    .controller = "memory", .file = "memory.max", .text = "1", .path = "linux.resources.memory.limit"};
const CgroupWrite kCpu{
    .controller = "cpu", .file = "cpu.max", .text = "1 2", .path = "linux.resources.cpu.quota"};

class CgroupControllers : public ::testing::Test {
 protected:
  CgroupControllers() {
    parent_.write("cgroup.controllers", "cpu memory pids\n");
    parent_.write("cgroup.subtree_control", "\n");
    parent_.write("cgroup.type", "domain\n");
    parent_.write("cgroup.procs", "");
  }
  Result<void> enable(const std::vector<CgroupWrite>& writes) {
    return enable_controllers(parent_.path().string(), writes);
  }
  // What was written last.
  [[nodiscard]] std::string control() const { return parent_.read("cgroup.subtree_control"); }

  test::ScratchDirectory parent_;
};

TEST_F(CgroupControllers, without_processes_all_that_engines_read_are_enabled) {
  ASSERT_TRUE(enable({}));
  EXPECT_TRUE(control().starts_with("+pids")) << "the last of those it has: " << control();
}

TEST_F(CgroupControllers, what_is_enabled_already_is_not_asked_for) {
  parent_.write("cgroup.subtree_control", "cpu memory pids\n");
  ASSERT_TRUE(enable({kCpu, kMemory}));
  EXPECT_EQ(control(), "cpu memory pids\n");
}

TEST_F(CgroupControllers, above_processes_a_domains_controller_is_refused_with_its_field) {
  parent_.write("cgroup.procs", "1234\n");
  const auto enabled = enable({kMemory});
  ASSERT_FALSE(enabled);
  EXPECT_EQ(enabled.error().code, EBUSY);
  EXPECT_TRUE(enabled.error().message.starts_with("linux.resources.memory.limit: cgroup " +
                                                  parent_.path().string() + " has processes of its own"))
      << enabled.error().message;
  EXPECT_EQ(control(), "\n");
}

TEST_F(CgroupControllers, above_processes_one_of_threads_is_enabled_and_nothing_else) {
  parent_.write("cgroup.procs", "1234\n");
  ASSERT_TRUE(enable({kCpu}));
  EXPECT_EQ(control(), "+cpu");
}

TEST_F(CgroupControllers, the_hosts_root_may_have_both) {
  std::filesystem::remove(parent_ / "cgroup.type");
  parent_.write("cgroup.procs", "1\n");
  EXPECT_TRUE(enable({kMemory}));
}

TEST_F(CgroupControllers, only_a_domain_that_is_none_is_made_threaded) {
  for (const auto& [before, after] :
       {std::pair<std::string, std::string>{"domain invalid\n", "threadednvalid\n"},
        {"domain\n", "domain\n"},
        {"domain threaded\n", "domain threaded\n"}}) {
    parent_.write("cgroup.type", before);
    ASSERT_TRUE(make_joinable(parent_.path().string()));
    EXPECT_EQ(parent_.read("cgroup.type"), after);
  }
  std::filesystem::remove(parent_ / "cgroup.type");
  EXPECT_TRUE(make_joinable(parent_.path().string()));
}

}  // namespace
}  // namespace caisson::runtime
