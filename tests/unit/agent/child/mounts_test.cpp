// SPDX-License-Identifier: Apache-2.0
// Where the mounts of a container may lie, and what they get there.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, mount_on_the_root_itself_is_refused) {
  auto request = container_request("c", 1, {"true"});
  auto* mount = request.add_mounts();
  mount->set_destination("/tmp/..");
  mount->set_type("tmpfs");
  mount->set_source("tmpfs");
  EXPECT_EQ(run(request).err, "mount /tmp/..: it is the root itself; set root.path to what shall be there");
}

TEST_F(AgentContainer, mount_through_a_symlink_that_leads_out_stays_inside) {
  std::filesystem::create_directory_symlink("/", agent_->rootfs() / "out");
  std::filesystem::create_directory_symlink("../../../../../..", agent_->rootfs() / "up");
  auto request = container_request("c", 1, {"sh", "-c", "ls -d /tmp/deep /tmp/high"});
  for (const char* destination : {"/out/tmp/deep", "/up/tmp/high"}) {
    auto* mount = request.add_mounts();
    mount->set_destination(destination);
    mount->set_type("tmpfs");
    mount->set_source("tmpfs");
  }
  EXPECT_EQ(run(request).out, "/tmp/deep\n/tmp/high\n");
  EXPECT_FALSE(std::filesystem::exists("/tmp/deep"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/high"));
  EXPECT_TRUE(std::filesystem::exists(agent_->rootfs() / "tmp/deep"));
}

TEST_F(AgentContainer, file_bound_over_a_dangling_symlink_makes_its_target_inside) {
  std::filesystem::create_directories(agent_->directory() / "exports");
  std::ofstream(agent_->directory() / "exports/resolv") << "nameserver\n";
  std::filesystem::create_symlink("../run/systemd/resolv.conf", agent_->rootfs() / "etc/resolv.conf");
  auto request = container_request("c", 1, {"cat", "/etc/resolv.conf"});
  auto* mount = request.add_mounts();
  mount->set_destination("/etc/resolv.conf");
  mount->set_export_name("resolv");
  mount->set_flags(MS_RDONLY);
  EXPECT_EQ(run(request).out, "nameserver\n");
}

TEST_F(AgentContainer, proc_on_a_symlink_and_mounts_inside_proc_are_refused) {
  auto request = container_request("c", 1, {"true"});
  auto* mount = request.add_mounts();
  mount->set_destination("/proc/sys");
  mount->set_type("tmpfs");
  mount->set_source("tmpfs");
  EXPECT_NE(run(request).err.find("inside /proc"), std::string::npos);

  std::filesystem::remove(agent_->rootfs() / "proc");
  std::filesystem::create_directory_symlink("tmp", agent_->rootfs() / "proc");
  EXPECT_NE(run(container_request("d", 2, {"true"})).err.find("must be mounted on ordinary directory"),
            std::string::npos);
}

}  // namespace
}  // namespace caisson::test
