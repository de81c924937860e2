// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/mount_points.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/container_request.h"
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
    return make_for(std::move(config));
  }
  bool make_for(oci::Config config, const std::string& notify_directory = "") {
    config.root.path = "rootfs";
    if (!config.process) {
      config.process = oci::Process{.args = {"sh"}, .cwd = "/"};
    }
    Exports exports;
    request_.Clear();
    return plan_container({.config = config, .id = "x", .bundle = bundle_}, exports, request_) &&
           make_mount_points(exports, config, notify_directory, request_);
  }
  bool has(const std::string& path) { return files::exists(bundle_ + "/rootfs" + path); }

  test::ScratchDirectory scratch_;
  std::string bundle_ = scratch_.path();
  agent::v1::CreateContainerRequest request_;
};

struct stat look_at(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info;
}

// Puts "mnt" and "other" of a directory in each other's place, again and again.
class Swapper {
 public:
  explicit Swapper(const std::string& directory) : directory_(::open(directory.c_str(), O_PATH)) {}
  ~Swapper() {
    ended_ = true;
    thread_.join();
  }

 private:
  void swap() const {
    while (!ended_) {
      ::renameat2(directory_.get(), "mnt", directory_.get(), "other", RENAME_EXCHANGE);
    }
  }

  UniqueFd directory_;
  std::atomic<bool> ended_ = false;
  std::thread thread_{[this] { swap(); }};
};

TEST_F(MountPoints, directories_and_working_directory_are_made) {
  EXPECT_TRUE(make({{.destination = "/a/b", .type = "tmpfs"}}, "/work/here"));
  EXPECT_TRUE(has("/a/b"));
  EXPECT_TRUE(has("/work/here"));
}

TEST_F(MountPoints, new_place_of_a_tmpfs_is_the_owners_and_the_guest_is_told_that_it_is_new) {
  files::create_directories(bundle_ + "/rootfs/old");
  files::permissions(bundle_ + "/rootfs/old", files::perms{0750});
  const mode_t mask = ::umask(0077);
  EXPECT_TRUE(make({{.destination = "/a/new", .type = "tmpfs"}, {.destination = "/old", .type = "tmpfs"}}));
  EXPECT_EQ(::umask(mask), mode_t{0077}) << "the caller's";
  EXPECT_EQ(files::status(bundle_ + "/rootfs/a/new").permissions(), files::perms{0755});
  EXPECT_EQ(files::status(bundle_ + "/rootfs/a").permissions(), files::perms{0755});
  EXPECT_EQ(files::status(bundle_ + "/rootfs/old").permissions(), files::perms{0750});
  EXPECT_TRUE(request_.mounts(0).place_is_new());
  EXPECT_FALSE(request_.mounts(1).place_is_new());
}

TEST_F(MountPoints, what_takes_the_place_of_a_new_one_is_left_as_it_was) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "host: not root here";
  }
  oci::Config config;
  config.mounts = {{.destination = "/mnt", .type = "tmpfs"}};
  config.linux_.namespaces = {{.type = {CLONE_NEWUSER}}};
  config.linux_.uid_mappings = {{.container_id = 0, .host_id = 1234, .size = 1}};
  config.linux_.gid_mappings = {{.container_id = 0, .host_id = 1234, .size = 1}};
  const std::string root = bundle_ + "/rootfs";
  files::create_directories(root + "/other");
  files::permissions(root + "/other", files::perms{0700});
  const UniqueFd other(::open((root + "/other").c_str(), O_PATH));
  for (int i = 0; i < 300; ++i) {
    {
      const Swapper swapper(root);
      ASSERT_TRUE(make_for(config));
    }
    struct stat info {};
    ASSERT_EQ(::fstat(other.get(), &info), 0);
    ASSERT_EQ(info.st_uid, 0U) << "after " << i;
    ASSERT_EQ(info.st_mode & 07777U, 0700U) << "after " << i;
    // Each to its own name again, and the new one away.
    if (look_at(root + "/other").st_ino != info.st_ino) {
      ASSERT_EQ(::renameat2(AT_FDCWD, (root + "/mnt").c_str(), AT_FDCWD, (root + "/other").c_str(),
                            RENAME_EXCHANGE),
                0);
    }
    ASSERT_EQ(::rmdir((root + "/mnt").c_str()), 0);
  }
}

TEST_F(MountPoints, places_belong_to_the_root_of_a_user_namespace) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "host: not root here";
  }
  oci::Config config;
  config.mounts = {{.destination = "/a/b", .type = "tmpfs"}};
  config.linux_.namespaces = {{.type = {CLONE_NEWUSER}}};
  config.linux_.uid_mappings = {{.container_id = 5, .host_id = 1, .size = 2},
                                {.container_id = 0, .host_id = 1234, .size = 1}};
  config.linux_.gid_mappings = {{.container_id = 0, .host_id = 4321, .size = 1}};
  ASSERT_TRUE(make_for(config));
  EXPECT_EQ(look_at(bundle_).st_uid, 0U);
  EXPECT_TRUE(make({{.destination = "/mine", .type = "tmpfs"}}));
  EXPECT_EQ(look_at(bundle_ + "/rootfs/mine").st_uid, 0U) << "who it was before";
  for (const char* made : {"/rootfs/a", "/rootfs/a/b"}) {
    struct stat info {};
    ASSERT_EQ(::stat((bundle_ + made).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 4321U);
  }
}

TEST_F(MountPoints, directory_of_the_notification_socket_is_made) {
  EXPECT_TRUE(make_for(oci::Config{}, "/run/there/socket"));
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
