// SPDX-License-Identifier: Apache-2.0
// What the guest is asked to mount, and what is refused before any guest starts.
#include "runtime/bundle/guest_mount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/runtime/bundle/planned_bundle.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

class GuestMount : public PlannedBundle {};

TEST_F(GuestMount, bind_source_is_relative_to_the_bundle) {
  config_.mounts = {{.destination = "/d", .type = "bind", .source = "data", .options = {"rbind", "ro"}}};
  ASSERT_TRUE(plan());
  EXPECT_TRUE(exports_.entries()[1].read_only);
  EXPECT_TRUE(exports_.entries()[1].recursive);
  EXPECT_EQ(request_.mounts(0).export_name(), exports_.entries()[1].name);
  EXPECT_EQ(request_.mounts(0).flags(), uint64_t{MS_RDONLY});
}

TEST_F(GuestMount, read_only_bind_with_mounts_beneath_leaves_them_alone_but_for_rro) {
  // Every host has some beneath its root.
  config_.mounts = {{.destination = "/a", .type = "bind", .source = "/", .options = {"rbind", "ro"}},
                    {.destination = "/b", .type = "bind", .source = "/", .options = {"rbind", "rro"}},
                    {.destination = "/c", .type = "bind", .source = "/", .options = {"bind", "ro"}},
                    {.destination = "/d", .type = "bind", .source = "data", .options = {"rbind", "ro"}}};
  ASSERT_TRUE(plan());
  EXPECT_TRUE(exports_.entries()[1].read_only);
  EXPECT_TRUE(exports_.entries()[1].writable_beneath);
  EXPECT_THAT(request_.mounts(0).mounts_beneath(), ::testing::Contains("proc"));
  EXPECT_EQ(request_.mounts(0).mounts_beneath_size(), request_.mounts(0).flags_beneath_size());
  for (size_t i = 2; i <= 4; ++i) {
    EXPECT_TRUE(exports_.entries()[i].read_only && !exports_.entries()[i].writable_beneath) << i;
  }
  EXPECT_EQ(request_.mounts(2).mounts_beneath_size(), 0);
  EXPECT_EQ(request_.mounts(3).mounts_beneath_size(), 0);
}

TEST_F(GuestMount, bind_of_a_single_file_is_allowed) {
  config_.mounts = {
      {.destination = "/etc/hosts", .type = "bind", .source = "/etc/passwd", .options = {"bind"}}};
  EXPECT_TRUE(plan());
}

TEST_F(GuestMount, bind_of_the_hosts_kernel_is_refused) {
  config_.mounts = {{.destination = "/p", .type = "bind", .source = "/proc/self", .options = {"bind"}}};
  EXPECT_THAT(error(), HasSubstr("mounts[0].source: /proc/self shows the host's kernel"));
}

TEST_F(GuestMount, bind_keeps_the_flags_of_its_source_but_for_those_cleared_by_name) {
  // A mount attached nowhere, by the only name it has.
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context) {
    GTEST_SKIP() << "host: it lets us mount nothing";
  }
  ASSERT_EQ(::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), 0);
  const UniqueFd mount(static_cast<int>(
      ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)));
  ASSERT_TRUE(mount);
  const std::string source = "/proc/self/fd/" + std::to_string(mount.get());
  config_.mounts = {
      {.destination = "/a", .type = "bind", .source = source, .options = {"rbind"}},
      {.destination = "/b", .type = "bind", .source = source, .options = {"rbind", "suid", "ro"}}};
  ASSERT_TRUE(plan());
  EXPECT_EQ(request_.mounts(0).flags() & (MS_NOSUID | MS_NODEV), uint64_t{MS_NOSUID | MS_NODEV});
  EXPECT_EQ(request_.mounts(1).flags() & (MS_NOSUID | MS_NODEV | MS_RDONLY), uint64_t{MS_NODEV | MS_RDONLY});
}

TEST_F(GuestMount, link_as_source_is_followed_unless_the_options_say_not_to) {
  std::filesystem::create_symlink("data", bundle_ + "/link");
  config_.mounts = {{.destination = "/d", .type = "bind", .source = "link", .options = {"bind"}}};
  EXPECT_TRUE(plan());
  config_.mounts[0].options.emplace_back("src-nofollow");
  EXPECT_THAT(error(), HasSubstr("mounts[0].source: " + bundle_ + "/link is a symbolic link"));
}

TEST_F(GuestMount, destination_that_is_a_link_is_kept_where_the_options_say_so) {
  config_.mounts = {
      {.destination = "/d", .type = "bind", .source = "data", .options = {"bind", "dest-nofollow"}}};
  ASSERT_TRUE(plan());
  EXPECT_TRUE(request_.mounts(0).keep_destination_link());
}

TEST_F(GuestMount, bind_of_a_fifo_is_refused_by_path) {
  ASSERT_EQ(::mkfifo((bundle_ + "/pipe").c_str(), 0600), 0);
  config_.mounts = {{.destination = "/d", .type = "bind", .source = "pipe", .options = {"bind"}}};
  EXPECT_THAT(error(), HasSubstr("mounts[0].source: " + bundle_ + "/pipe is a FIFO"));
}

TEST_F(GuestMount, bind_of_a_socket_has_a_port_of_its_own) {
  ASSERT_EQ(::mknod((bundle_ + "/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  config_.mounts = {{.destination = "/d", .type = "bind", .source = "data", .options = {"bind"}},
                    {.destination = "/s", .type = "bind", .source = "socket", .options = {"bind"}},
                    {.destination = "/t", .type = "bind", .source = "socket", .options = {"bind"}}};
  ASSERT_TRUE(plan());
  EXPECT_EQ(request_.mounts(0).host_socket_port(), 0U);
  EXPECT_NE(request_.mounts(1).host_socket_port(), 0U);
  EXPECT_NE(request_.mounts(2).host_socket_port(), request_.mounts(1).host_socket_port());
}

TEST_F(GuestMount, bind_of_a_device_is_refused) {
  config_.mounts = {{.destination = "/n", .type = "bind", .source = "/dev/null", .options = {"bind"}}};
  EXPECT_THAT(error(), HasSubstr("is a device of the host"));
}

TEST_F(GuestMount, file_system_of_a_block_device_is_refused) {
  config_.mounts = {{.destination = "/d", .type = "ext4", .source = "/dev/sda1"}};
  EXPECT_THAT(error(), HasSubstr("mounts[0].type: \"ext4\""));
}

TEST_F(GuestMount, idmap_takes_the_containers_mappings_unless_the_mount_has_its_own) {
  const oci::IdMapping container{.container_id = 0, .host_id = 100, .size = 5};
  const oci::IdMapping own{.container_id = 0, .host_id = 7, .size = 1};
  config_.mounts = {{.destination = "/d", .type = "bind", .source = "data", .options = {"ridmap"}}};
  EXPECT_THAT(error(), HasSubstr("mounts[0].options: idmap: the container has no user namespace"));
  config_.linux_.uid_mappings = config_.linux_.gid_mappings = {container};
  ASSERT_TRUE(plan());
  EXPECT_EQ(request_.mounts(0).uid_mappings(0).host_id(), 100U);
  EXPECT_TRUE(request_.mounts(0).map_beneath());
  config_.mounts[0].options.clear();
  config_.mounts[0].uid_mappings = {own};
  EXPECT_THAT(error(), HasSubstr("mounts[0]: uidMappings and gidMappings: one is empty"));
  config_.mounts[0].gid_mappings = {own};
  ASSERT_TRUE(plan());
  EXPECT_EQ(request_.mounts(0).gid_mappings(0).host_id(), 7U);
  EXPECT_FALSE(request_.mounts(0).map_beneath());
}

TEST_F(GuestMount, ids_are_mapped_of_bind_mounts_only) {
  const oci::IdMapping own{.container_id = 0, .host_id = 7, .size = 1};
  config_.mounts = {{.destination = "/d",
                     .type = "tmpfs",
                     .source = "tmpfs",
                     .uid_mappings = {own},
                     .gid_mappings = {own}}};
  EXPECT_THAT(error(), HasSubstr("mounts[0]: only ids of a bind mount can be mapped"));
}

}  // namespace
}  // namespace caisson::runtime
