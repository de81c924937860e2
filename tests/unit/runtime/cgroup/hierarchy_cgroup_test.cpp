// SPDX-License-Identifier: Apache-2.0
// A scratch directory stands in for a hierarchy: the kernel would fill each new directory with files, here
// they are laid down beforehand.
#include "runtime/cgroup/hierarchy_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class HierarchyCgroups : public ::testing::Test {
 protected:
  void lay(const std::string& directory, const std::vector<std::string>& files) {
    std::filesystem::create_directories(mount_ / directory);
    for (const std::string& file : files) mount_.write(directory + "/" + file, "");
  }
  Result<HierarchyCgroup> make(const std::string& controller, const std::vector<CgroupWrite>& writes = {}) {
    return make_in_hierarchy(mount_.path(), "/a/b", controller, writes);
  }
  // Where what is written to the file of members goes.
  [[nodiscard]] std::string joined(const HierarchyCgroup& cgroup, const std::string& file) const {
    EXPECT_EQ(::write(cgroup.members.get(), "0", 1), 1);
    return mount_.read(file);
  }

  test::ScratchDirectory mount_;
};

TEST_F(HierarchyCgroups, of_v1_is_joined_by_its_tasks) {
  lay("a/b", {"tasks", "cgroup.procs"});
  const auto cgroup = make("memory");
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(cgroup->directory, mount_ / "a/b");
  EXPECT_TRUE(cgroup->counts_memory);
  EXPECT_EQ(joined(*cgroup, "a/b/tasks"), "0");
  EXPECT_EQ(mount_.read("a/b/cgroup.procs"), "");
}

TEST_F(HierarchyCgroups, of_v2_is_joined_by_its_processes) {
  for (const char* directory : {".", "a", "a/b"}) {
    lay(directory, {"cgroup.subtree_control", "cgroup.controllers"});
  }
  lay("a/b", {"cgroup.procs"});
  auto cgroup = make("");
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_FALSE(cgroup->counts_memory);
  EXPECT_EQ(joined(*cgroup, "a/b/cgroup.procs"), "0");
  lay("a/b", {"memory.max"});
  cgroup = make("");
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_TRUE(cgroup->counts_memory);
}

TEST_F(HierarchyCgroups, limits_of_its_controller_are_written) {
  lay("a/b", {"tasks", "cpu.shares"});
  const CgroupWrite shares{.controller = "cpu", .file = "cpu.shares", .text = "512", .path = "shares"};
  const CgroupWrite memory{.controller = "memory", .file = "memory.max", .text = "1", .path = "memory"};
  const auto cgroup = make("cpu", {memory, shares});
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_FALSE(cgroup->counts_memory);
  EXPECT_EQ(mount_.read("a/b/cpu.shares"), "512");
}

TEST_F(HierarchyCgroups, new_cpuset_starts_with_its_parents) {
  for (const char* directory : {"a", "a/b"}) lay(directory, {"cpuset.cpus", "cpuset.mems"});
  lay("a/b", {"tasks"});
  mount_.write("cpuset.cpus", "0-3\n");
  mount_.write("cpuset.mems", "0\n");
  mount_.write("a/cpuset.cpus", "\n");
  mount_.write("a/b/cpuset.mems", "1\n");
  ASSERT_TRUE(make("cpuset"));
  EXPECT_EQ(mount_.read("a/cpuset.cpus"), "0-3\n");
  EXPECT_EQ(mount_.read("a/cpuset.mems"), "0\n");
  EXPECT_EQ(mount_.read("a/b/cpuset.cpus"), "0-3\n");
  EXPECT_EQ(mount_.read("a/b/cpuset.mems"), "1\n") << "what it has stays";
}

TEST_F(HierarchyCgroups, directories_are_made_on_the_way) {
  const auto cgroup = make("memory");
  ASSERT_FALSE(cgroup) << "a scratch directory has no tasks";
  EXPECT_EQ(cgroup.error().code, ENOENT);
  EXPECT_EQ(cgroup.error().message.find("open " + (mount_ / "a/b/tasks").string()), 0U);
  EXPECT_TRUE(std::filesystem::is_directory(mount_ / "a/b"));
}

TEST_F(HierarchyCgroups, file_in_the_way_is_named) {
  mount_.write("a", "");
  const auto cgroup = make("memory");
  ASSERT_FALSE(cgroup);
  EXPECT_EQ(cgroup.error().code, ENOTDIR);
  EXPECT_EQ(cgroup.error().message, "make cgroup " + (mount_ / "a/b").string() + ": Not a directory");
}

TEST_F(HierarchyCgroups, no_program_inherits_the_file_of_members) {
  lay("a/b", {"tasks"});
  const auto cgroup = make("pids");
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(::fcntl(cgroup->members.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(cgroup->members.get(), F_GETFL) & O_ACCMODE, O_WRONLY);
}

}  // namespace
}  // namespace caisson::runtime
