// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/mount_points.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

namespace files = std::filesystem;

class MountPoints : public ::testing::Test {
 protected:
  void SetUp() override {
    files::create_directories(bundle_ + "/rootfs");
    files::create_directories(bundle_ + "/outside");
  }

  bool make(std::vector<oci::Mount> mounts, const std::string& cwd = "/") {
    oci::Config config;
    config.mounts = std::move(mounts);
    config.process = oci::Process{.args = {"sh"}, .cwd = cwd};
    return make_mount_points(bundle_ + "/rootfs", config, bundle_, "").has_value();
  }
  bool has(const std::string& path) { return files::exists(bundle_ + "/rootfs" + path); }

  test::ScratchDirectory scratch_;
  std::string bundle_ = scratch_.path();
};

TEST_F(MountPoints, directories_and_working_directory_are_made) {
  EXPECT_TRUE(make({{.destination = "/a/b", .type = "tmpfs"}}, "/work/here"));
  EXPECT_TRUE(has("/a/b"));
  EXPECT_TRUE(has("/work/here"));
}

TEST_F(MountPoints, new_place_of_a_tmpfs_is_for_everybody_and_an_old_one_keeps_its_mode) {
  files::create_directories(bundle_ + "/rootfs/old");
  files::permissions(bundle_ + "/rootfs/old", files::perms{0750});
  EXPECT_TRUE(make({{.destination = "/a/new", .type = "tmpfs"}, {.destination = "/old", .type = "tmpfs"}}));
  EXPECT_EQ(files::status(bundle_ + "/rootfs/a/new").permissions(), files::perms{01777});
  EXPECT_EQ(files::status(bundle_ + "/rootfs/a").permissions() & files::perms{022}, files::perms::none);
  EXPECT_EQ(files::status(bundle_ + "/rootfs/old").permissions(), files::perms{0750});
}

TEST_F(MountPoints, places_belong_to_the_root_of_a_user_namespace) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "changes owners";
  }
  oci::Config config;
  config.mounts = {{.destination = "/a/b", .type = "tmpfs"}};
  config.linux_.namespaces = {{.type = {CLONE_NEWUSER}}};
  config.linux_.uid_mappings = {{.container_id = 5, .host_id = 1, .size = 2},
                                {.container_id = 0, .host_id = 1234, .size = 1}};
  config.linux_.gid_mappings = {{.container_id = 0, .host_id = 4321, .size = 1}};
  ASSERT_TRUE(make_mount_points(bundle_ + "/rootfs", config, bundle_, ""));
  for (const char* made : {"/rootfs/a", "/rootfs/a/b"}) {
    struct stat info {};
    ASSERT_EQ(::stat((bundle_ + made).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 4321U);
  }
}

TEST_F(MountPoints, directory_of_the_notification_socket_is_made) {
  EXPECT_TRUE(make_mount_points(bundle_ + "/rootfs", {}, bundle_, "/run/there/socket"));
  EXPECT_TRUE(has("/run/there/socket"));
}

TEST_F(MountPoints, bound_file_gets_a_file) {
  EXPECT_TRUE(
      make({{.destination = "/etc/hosts", .type = "bind", .source = "/etc/passwd", .options = {"bind"}}}));
  EXPECT_TRUE(files::is_regular_file(bundle_ + "/rootfs/etc/hosts"));
}

TEST_F(MountPoints, link_that_leads_nowhere_gets_its_target_inside_the_root) {
  files::create_directories(bundle_ + "/rootfs/etc");
  files::create_symlink("../new/place", bundle_ + "/rootfs/etc/relative");
  files::create_symlink("/absolute/place", bundle_ + "/rootfs/etc/absolute");
  files::create_symlink("../../../outside/file", bundle_ + "/rootfs/etc/escape");
  files::create_symlink("loop", bundle_ + "/rootfs/etc/loop");
  const auto bind = [](const std::string& where) {
    return oci::Mount{.destination = where, .type = "bind", .source = "/etc/passwd", .options = {"bind"}};
  };
  EXPECT_TRUE(make({bind("/etc/relative"), bind("/etc/absolute"), bind("/etc/escape")}));
  EXPECT_TRUE(files::is_regular_file(bundle_ + "/rootfs/new/place"));
  EXPECT_TRUE(files::is_regular_file(bundle_ + "/rootfs/absolute/place"));
  EXPECT_TRUE(files::is_regular_file(bundle_ + "/rootfs/outside/file"));
  EXPECT_FALSE(files::exists(bundle_ + "/outside/file"));
  EXPECT_FALSE(make({bind("/etc/loop")}));
}

TEST_F(MountPoints, what_another_mount_covers_is_not_made) {
  EXPECT_TRUE(
      make({{.destination = "/dev", .type = "tmpfs"}, {.destination = "/dev/pts", .type = "devpts"}}));
  EXPECT_TRUE(has("/dev"));
  EXPECT_FALSE(has("/dev/pts"));
}

TEST_F(MountPoints, symbolic_links_lead_back_into_the_root) {
  files::create_directory_symlink("/../../outside", bundle_ + "/rootfs/link");
  files::create_directories(bundle_ + "/rootfs/outside");
  EXPECT_TRUE(make({{.destination = "/link/made", .type = "tmpfs"}}));
  EXPECT_FALSE(files::exists(bundle_ + "/outside/made"));
  EXPECT_TRUE(has("/outside/made"));
}

TEST_F(MountPoints, dangling_link_out_of_the_root_makes_nothing_there) {
  files::create_symlink(bundle_ + "/outside/new", bundle_ + "/rootfs/link");
  (void)make({{.destination = "/link", .type = "tmpfs"}});
  EXPECT_FALSE(files::exists(bundle_ + "/outside/new"));
}

}  // namespace
}  // namespace caisson::runtime
