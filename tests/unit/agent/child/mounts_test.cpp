// SPDX-License-Identifier: Apache-2.0
// Where the mounts of a container may lie, and what they get there.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>

#include "agent/mounts/bind.h"
#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

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

namespace caisson::agent {
namespace {

class ChildMounts : public ChildSteps {
 protected:
  v1::Mount& add(const std::string& type, const std::string& destination) {
    v1::Mount& mount = *request_.add_mounts();
    mount.set_type(type);
    mount.set_source(type);
    mount.set_destination(destination);
    return mount;
  }
  // Of all there are, from the first on.
  Result<void> mount_all() {
    child_.binds.clear();
    child_.binds.resize(static_cast<size_t>(request_.mounts_size()));
    return mount_everything(child_);
  }
  static unsigned long flags_of(const std::string& path) {
    struct statvfs info {};
    EXPECT_EQ(::statvfs(path.c_str(), &info), 0) << path;
    return info.f_flag;
  }
  void make_proc() {
    make_directory("/proc");
    ASSERT_EQ(::mount("proc", in_root("/proc").c_str(), "proc", 0, nullptr), 0);
  }
};

TEST_F(ChildMounts, inside_proc_lie_only_files_that_may_be_replaced) {
  test::in_namespaces([this] {
    make_root();
    make_proc();
    write_file("/tmp/own", "own");
    add("bind", "/proc/uptime").set_source("/tmp/own");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/proc/uptime")), "own");
    for (const char* path : {"/proc/sys/kernel/hostname", "/proc/version", "/proc/self/../loadavg"}) {
      request_.clear_mounts();
      add("bind", path).set_source("/tmp/own");
      expect_error(mount_all(), EPERM,
                   "mount " + std::string(path) + ": cannot be mounted because it is inside /proc");
    }
    request_.clear_mounts();
    add("tmpfs", "/proc/sys");
    expect_error(mount_all(), EPERM, "mount /proc/sys: cannot be mounted because it is inside /proc");
    // A link that leads there is no way around it.
    make_link("/proc/version", "/link");
    request_.clear_mounts();
    add("bind", "/link").set_source("/tmp/own");
    expect_error(mount_all(), EPERM, "mount /link: cannot be mounted because it is inside /proc");
  });
}

TEST_F(ChildMounts, nothing_is_mounted_on_the_root_by_whatever_name) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/a");
    make_link("/", "/a/up");
    for (const char* path : {"/", "/a/..", "/a/up", "/../.."}) {
      request_.clear_mounts();
      add("tmpfs", path);
      expect_error(
          mount_all(), EBUSY,
          "mount " + std::string(path) + ": it is the root itself; set root.path to what shall be there");
    }
  });
}

TEST_F(ChildMounts, proc_and_sys_go_on_directories_and_not_through_links) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/elsewhere");
    for (const char* type : {"proc", "sysfs"}) {
      make_link("/elsewhere", std::string("/") + type);
      request_.clear_mounts();
      add(type, std::string("/") + type);
      expect_error(mount_all(), ENOTDIR,
                   std::string("mount /") + type + ": filesystem \"" + type +
                       "\" must be mounted on ordinary directory");
    }
    EXPECT_TRUE(std::filesystem::is_empty(in_root("/elsewhere")));
  });
}

TEST_F(ChildMounts, absolute_link_in_a_subdirectory_stays_in_the_root) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/a/b");
    make_link("/run/target", "/a/b/link");
    add("tmpfs", "/a/b/link");
    ASSERT_TRUE(mount_all());
    EXPECT_TRUE(std::filesystem::is_directory(in_root("/run/target")));
    EXPECT_FALSE(std::filesystem::exists("/run/target"));
  });
}

TEST_F(ChildMounts, link_is_kept_where_asked_and_the_mount_lies_on_it) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/target");
    make_link("target", "/link");
    write_file("/tmp/own", "own");
    v1::Mount& mount = add("bind", "/link");
    mount.set_source("/tmp/own");
    mount.set_keep_destination_link(true);
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/link")), "own");
    EXPECT_TRUE(std::filesystem::is_empty(in_root("/target")));
  });
}

TEST_F(ChildMounts, bind_makes_what_its_source_is_and_has_its_own_flags) {
  test::in_namespaces([this] {
    make_root();
    std::filesystem::create_directories("/tmp/directory");
    write_file("/tmp/own", "own");
    v1::Mount& file = add("bind", "/deep/file");
    file.set_source("/tmp/own");
    file.set_flags(MS_RDONLY | MS_NOSUID);
    add("bind", "/deep/directory").set_source("/tmp/directory");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/deep/file")), "own");
    EXPECT_EQ(why_not_writable(in_root("/deep/file")), EROFS);
    EXPECT_EQ(flags_of(in_root("/deep/file")) & (ST_RDONLY | ST_NOSUID | ST_NODEV), ST_RDONLY | ST_NOSUID);
    EXPECT_EQ(why_not_writable(in_root("/deep/directory/new")), 0);
  });
}

TEST_F(ChildMounts, what_the_agent_made_ready_is_what_lies_there) {
  test::in_namespaces([this] {
    make_root();
    write_file("/tmp/wanted", "wanted");
    write_file("/tmp/ready", "ready");
    v1::Mount& mount = add("bind", "/file");
    mount.set_source("/tmp/wanted");
    child_.binds.emplace_back();
    mount.set_source("/tmp/ready");
    child_.binds.at(0) = make_bind(-1, mount).value();
    mount.set_source("/tmp/wanted");
    ASSERT_TRUE(mount_everything(child_));
    EXPECT_EQ(read_file(in_root("/file")), "ready");
  });
}

TEST_F(ChildMounts, tmpfs_has_the_mode_of_what_it_hides_or_is_everybodys) {
  test::in_namespaces([this] {
    make_root();
    for (const char* path : {"/hidden", "/given", "/new"}) {
      make_directory(path);
      ASSERT_EQ(::chmod(in_root(path).c_str(), 0750), 0);
    }
    add("tmpfs", "/hidden");
    add("tmpfs", "/given").set_data("mode=0711");
    add("tmpfs", "/new").set_place_is_new(true);
    add("tmpfs", "/absent");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(look_at(in_root("/hidden")).st_mode & 07777U, 0750U);
    EXPECT_EQ(look_at(in_root("/given")).st_mode & 07777U, 0711U);
    EXPECT_EQ(look_at(in_root("/new")).st_mode & 07777U, 01777U);
    EXPECT_EQ(look_at(in_root("/absent")).st_mode & 07777U, 01777U);
  });
}

TEST_F(ChildMounts, what_is_copied_up_is_there_and_read_only_afterwards) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/data");
    write_file(in_root("/data/file"), "beneath");
    v1::Mount& mount = add("tmpfs", "/data");
    mount.set_tmpcopyup(true);
    mount.set_flags(MS_RDONLY | MS_NOEXEC);
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/data/file")), "beneath");
    EXPECT_EQ(flags_of(in_root("/data")) & (ST_RDONLY | ST_NOEXEC), ST_RDONLY | ST_NOEXEC);
  });
}

TEST_F(ChildMounts, read_only_sys_leaves_those_of_others_writable) {
  test::in_namespaces([this] {
    make_root();
    add("sysfs", "/sys").set_flags(MS_RDONLY | MS_NOEXEC);
    add("sysfs", "/other");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(flags_of(in_root("/sys")) & (ST_RDONLY | ST_NOEXEC), ST_RDONLY | ST_NOEXEC);
    EXPECT_EQ(flags_of(in_root("/other")) & ST_RDONLY, 0U);
  });
}

TEST_F(ChildMounts, link_is_made_where_a_link_is_wanted) {
  test::in_namespaces([this] {
    make_root();
    add("", "/deep/link").set_link_target("../target");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(std::filesystem::read_symlink(in_root("/deep/link")), "../target");
  });
}

TEST_F(ChildMounts, directory_of_notifications_is_read_only_and_not_the_root) {
  test::in_namespaces([this] {
    make_root();
    std::filesystem::create_directories("/run/notify");
    write_file("/run/notify/socket", "here");
    plan_.notify_directory = "/run/notify";
    request_.set_notify_directory("/run/host/notify");
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/run/host/notify/socket")), "here");
    constexpr unsigned long kAll = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
    EXPECT_EQ(flags_of(in_root("/run/host/notify")) & kAll, kAll);
    request_.set_notify_directory("/");
    const auto refused = mount_all();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EBUSY);
    EXPECT_TRUE(refused.error().message.starts_with("mount the directory of NOTIFY_SOCKET at /: "));
  });
}

TEST_F(ChildMounts, relay_of_a_socket_is_the_one_of_its_number) {
  test::in_namespaces([this] {
    make_root();
    std::filesystem::create_directories("/run/sockets");
    write_file("/run/sockets/1", "second");
    plan_.sockets_directory = "/run/sockets";
    add("tmpfs", "/first");
    v1::Mount& mount = add("bind", "/socket");
    mount.set_host_socket_port(7);
    mount.set_flags(MS_RDONLY);
    ASSERT_TRUE(mount_all());
    EXPECT_EQ(read_file(in_root("/socket")), "second");
    EXPECT_EQ(flags_of(in_root("/socket")) & ST_RDONLY, ST_RDONLY);
  });
}

}  // namespace
}  // namespace caisson::agent
