// SPDX-License-Identifier: Apache-2.0
// Scratch directories stand in for the hierarchies of a host.
#include "runtime/cgroup/host_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr uint64_t kGuest = 100ULL << 20;

class HostCgroups : public ::testing::Test {
 protected:
  [[nodiscard]] std::string at(std::string_view name) const { return host_ / name; }
  void lay(const std::string& directory, const std::vector<std::string>& files) {
    std::filesystem::create_directories(host_ / directory);
    for (const std::string& file : files) host_.write(directory + "/" + file, "");
  }
  [[nodiscard]] CgroupHierarchies v1() const {
    CgroupHierarchies hierarchies;
    hierarchies.v1 = {{"cpu", at("cpu")}, {"cpuacct", at("cpu")}, {"memory", at("memory")}};
    hierarchies.freezer = at("freezer");
    return hierarchies;
  }
  [[nodiscard]] CgroupHierarchies v2() const {
    CgroupHierarchies hierarchies;
    hierarchies.v2 = at("unified");
    return hierarchies;
  }
  void lay_v1() {
    lay("cpu/box", {"tasks", "cpu.cfs_period_us", "cpu.cfs_quota_us"});
    lay("memory/box", {"tasks", "memory.limit_in_bytes"});
  }
  void lay_v2() {
    lay("unified", {"cgroup.subtree_control", "cgroup.controllers"});
    host_.write("unified/cgroup.subtree_control", "cpu memory\n");
    lay("unified/box", {"cgroup.procs", "memory.max", "cpu.max"});
  }
  static oci::Resources limits() {
    oci::Resources resources;
    resources.memory = oci::Memory{.limit = 64 << 20};
    resources.cpu = oci::Cpu{.quota = 50000};
    return resources;
  }

  test::ScratchDirectory host_;
};

TEST_F(HostCgroups, those_to_make_are_the_ones_that_are_not_there) {
  lay("memory/box", {});
  EXPECT_THAT(directories_to_make(v1(), "/box", CgroupMaker::us).value(), ElementsAre(at("cpu/box")));
  EXPECT_THAT(directories_to_make(v2(), "/box", CgroupMaker::us).value(), ElementsAre(at("unified/box")));
}

TEST_F(HostCgroups, that_systemd_makes_are_all_the_containers) {
  lay("memory/box", {"cgroup.procs"});
  host_.write("memory/box/cgroup.procs", "1\n");
  EXPECT_THAT(directories_to_make(v1(), "/box", CgroupMaker::systemd).value(),
              ElementsAre(at("cpu/box"), at("memory/box")));
}

TEST_F(HostCgroups, one_with_processes_is_somebody_elses) {
  lay("unified/box", {});
  host_.write("unified/box/cgroup.procs", "1\n2\n");
  const auto directories = directories_to_make(v2(), "/box", CgroupMaker::us);
  ASSERT_FALSE(directories);
  EXPECT_EQ(directories.error().code, EBUSY);
  EXPECT_EQ(directories.error().message,
            "make cgroup " + at("unified/box") +
                ": container's cgroup is not empty, 2 processes are in it; give the container a "
                "linux.cgroupsPath of its own");
}

TEST_F(HostCgroups, frozen_one_is_refused) {
  lay("freezer/box", {});
  lay("unified/box", {});
  for (const char* state : {"FROZEN\n", "FREEZING\n"}) {
    host_.write("freezer/box/freezer.state", state);
    const auto directories = directories_to_make(v1(), "/box", CgroupMaker::us);
    ASSERT_FALSE(directories) << state;
    EXPECT_EQ(directories.error().code, EBUSY);
    EXPECT_THAT(directories.error().message, StartsWith("container's cgroup unexpectedly frozen: thaw " +
                                                        at("freezer/box/freezer.state")));
  }
  host_.write("freezer/box/freezer.state", "THAWED\n");
  EXPECT_TRUE(directories_to_make(v1(), "/box", CgroupMaker::us));
  host_.write("unified/box/cgroup.freeze", "1\n");
  EXPECT_EQ(directories_to_make(v2(), "/box", CgroupMaker::us).error().code, EBUSY);
  host_.write("unified/box/cgroup.freeze", "0\n");
  EXPECT_TRUE(directories_to_make(v2(), "/box", CgroupMaker::us));
}

TEST_F(HostCgroups, of_v1_has_its_limits_where_they_belong) {
  lay_v1();
  const auto cgroup = make_cgroup(v1(), "/box", limits(), kGuest, CgroupPolicy::required, CgroupMaker::us);
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(host_.read("memory/box/memory.limit_in_bytes"), std::to_string(kGuest + kHostOverheadBytes));
  EXPECT_EQ(host_.read("cpu/box/cpu.cfs_quota_us"), "50000");
  EXPECT_EQ(cgroup->memory, at("memory/box"));
  EXPECT_EQ(cgroup->members.size(), 3U) << "each hierarchy, by controller";
}

TEST_F(HostCgroups, of_v2_has_its_limits) {
  lay_v2();
  const auto cgroup = make_cgroup(v2(), "/box", limits(), kGuest, CgroupPolicy::required, CgroupMaker::us);
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(host_.read("unified/box/memory.max"), std::to_string(kGuest + kHostOverheadBytes));
  EXPECT_EQ(host_.read("unified/box/cpu.max"), "50000 100000");
  EXPECT_EQ(cgroup->memory, at("unified/box"));
  EXPECT_EQ(cgroup->members.size(), 1U);
}

TEST_F(HostCgroups, limit_that_the_host_has_no_controller_for_is_refused_by_its_field) {
  lay_v1();
  CgroupHierarchies host = v1();
  host.v1.erase("memory");
  const auto cgroup = make_cgroup(host, "/box", limits(), kGuest, CgroupPolicy::best_effort, CgroupMaker::us);
  ASSERT_FALSE(cgroup);
  EXPECT_EQ(cgroup.error().code, ENOTSUP);
  EXPECT_EQ(cgroup.error().message,
            "linux.resources.memory.limit: this host has no memory cgroup; remove the limit");
}

TEST_F(HostCgroups, best_effort_goes_without_only_what_we_may_not) {
  // A file in the way is no matter of what we may.
  host_.write("unified", "");
  const auto cgroup = make_cgroup(v2(), "/box", {}, kGuest, CgroupPolicy::best_effort, CgroupMaker::us);
  ASSERT_FALSE(cgroup);
  EXPECT_EQ(cgroup.error().code, ENOTDIR);
}

TEST_F(HostCgroups, of_a_scope_is_joined_where_systemd_looks) {
  lay_v1();
  lay("systemd/box", {"tasks"});
  lay("unified/box", {"cgroup.procs"});
  CgroupHierarchies host = v1();
  host.systemd = at("systemd");
  host.v2 = at("unified");
  const auto cgroup = make_cgroup(host, "/box", {}, kGuest, CgroupPolicy::required, CgroupMaker::systemd);
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  for (const UniqueFd& members : cgroup->members) EXPECT_EQ(::write(members.get(), "0", 1), 1);
  EXPECT_EQ(host_.read("systemd/box/tasks"), "0");
  EXPECT_EQ(host_.read("unified/box/cgroup.procs"), "0");
  const auto ours = make_cgroup(host, "/box", {}, kGuest, CgroupPolicy::required, CgroupMaker::us);
  ASSERT_TRUE(ours) << ours.error().message;
  EXPECT_EQ(ours->members.size() + 2, cgroup->members.size());
}

TEST_F(HostCgroups, update_writes_what_is_asked_for_and_no_more) {
  lay_v2();
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = -1, .period = 50000};
  ASSERT_TRUE(update_cgroup(v2(), "/box", resources, kGuest));
  EXPECT_EQ(host_.read("unified/box/cpu.max"), "max 50000");
  EXPECT_EQ(host_.read("unified/box/memory.max"), "");
  lay_v1();
  ASSERT_TRUE(update_cgroup(v1(), "/box", limits(), kGuest));
  EXPECT_EQ(host_.read("memory/box/memory.limit_in_bytes"), std::to_string(kGuest + kHostOverheadBytes));
}

TEST_F(HostCgroups, are_removed_with_all_beneath) {
  lay("cpu/box/inner/deep", {});
  lay("memory/box", {});
  lay("memory/other", {});
  ASSERT_TRUE(remove_cgroup({at("cpu/box"), at("memory/box"), at("memory/gone")}));
  EXPECT_FALSE(std::filesystem::exists(at("cpu/box")));
  EXPECT_FALSE(std::filesystem::exists(at("memory/box")));
  EXPECT_TRUE(std::filesystem::exists(at("memory/other")));
}

}  // namespace
}  // namespace caisson::runtime
