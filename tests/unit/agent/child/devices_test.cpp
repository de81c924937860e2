// SPDX-License-Identifier: Apache-2.0
// /dev of a container.
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, devices_and_links_are_there_and_work) {
  const Outcome outcome = run_shell(
      "for d in null zero full random urandom tty; do stat -c '%n %t:%T %a' /dev/$d; done; "
      "for l in fd stdin ptmx; do readlink /dev/$l; done; echo x >/dev/null; echo y >/dev/stderr");
  EXPECT_NE(outcome.out.find("/dev/null 1:3 666\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("/dev/tty 5:0 666\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("/proc/self/fd\n/proc/self/fd/0\npts/ptmx\n"), std::string::npos);
  EXPECT_EQ(outcome.err, "y\n");
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

TEST_F(ChildSteps, device_is_made_as_asked_for) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/dev");
    v1::Device& device = *request_.add_devices();
    device.set_path("/dev/deep/own");
    device.set_type(S_IFCHR);
    device.set_major_number(1);
    device.set_minor_number(5);
    device.set_file_mode(0100640);  // of the mode no more than its bits
    device.set_uid(7);
    device.set_gid(8);
    ASSERT_TRUE(make_devices(child_));
    const struct stat made = look_at(in_root("/dev/deep/own"));
    EXPECT_EQ(made.st_mode, mode_t{S_IFCHR | 0640});
    EXPECT_EQ(made.st_rdev, makedev(1, 5));
    EXPECT_EQ(made.st_uid, 7U);
    EXPECT_EQ(made.st_gid, 8U);
  });
}

TEST_F(ChildSteps, default_devices_have_their_numbers_and_take_the_place_of_no_other_node) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/dev");
    ASSERT_EQ(::mknod(in_root("/dev/tty").c_str(), S_IFIFO | 0600, 0), 0);
    ASSERT_TRUE(make_devices(child_));
    const std::array<std::pair<const char*, unsigned>, 5> memory = {
        {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}}};
    for (const auto& [path, minor] : memory) {
      EXPECT_EQ(look_at(in_root(path)).st_mode, mode_t{S_IFCHR | 0666}) << path;
      EXPECT_EQ(look_at(in_root(path)).st_rdev, makedev(1, minor)) << path;
    }
    EXPECT_TRUE(S_ISFIFO(look_at(in_root("/dev/tty")).st_mode));
    EXPECT_EQ(std::filesystem::read_symlink(in_root("/dev/ptmx")), "pts/ptmx");
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(in_root("/dev/core"))));
  });
}

TEST_F(ChildSteps, file_in_the_place_of_a_device_gets_the_guests_bound_over_it) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/dev");
    write_file(in_root("/dev/null"), "");
    ASSERT_TRUE(make_devices(child_));
    EXPECT_EQ(look_at(in_root("/dev/null")).st_rdev, makedev(1, 3));
    EXPECT_EQ(::umount2(in_root("/dev/null").c_str(), UMOUNT_NOFOLLOW), 0) << "it is no mount";
  });
}

TEST_F(ChildSteps, device_without_a_type_or_a_name_is_refused) {
  test::in_namespaces([this] {
    make_root();
    v1::Device& device = *request_.add_devices();
    device.set_path("/dev/x");
    for (const mode_t type : {mode_t{0}, mode_t{S_IFREG}, mode_t{S_IFDIR}, mode_t{S_IFLNK}, mode_t{S_IFSOCK},
                              mode_t{S_IFCHR | S_ISUID}}) {
      device.set_type(type);
      expect_error(make_devices(child_), EINVAL, "make device /dev/x: unknown type");
    }
    device.set_type(S_IFCHR);
    for (const char* path : {"x", "/dev/", ""}) {
      device.set_path(path);
      expect_error(make_devices(child_), EINVAL,
                   "make device " + std::string(path) + ": path is not absolute");
    }
    for (const char* path : {"/dev/..", "/dev/."}) {
      device.set_path(path);
      expect_error(make_devices(child_), EINVAL,
                   "make device " + std::string(path) + ": path does not end in a name");
    }
  });
}

TEST_F(ChildSteps, device_beneath_an_absolute_link_is_made_in_the_root) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/a");
    make_link("/run", "/a/link");
    v1::Device& device = *request_.add_devices();
    device.set_path("/a/link/pipe");
    device.set_type(S_IFIFO);
    ASSERT_TRUE(make_devices(child_));
    EXPECT_TRUE(S_ISFIFO(look_at(in_root("/run/pipe")).st_mode));
    EXPECT_FALSE(std::filesystem::exists("/run/pipe"));
  });
}

TEST_F(ChildSteps, dev_of_another_is_left_alone) {
  for (const char* destination : {"/dev", "/dev/"}) {
    test::in_namespaces([this, destination] {
      make_root();
      make_directory("/dev");
      v1::Mount& mount = *request_.add_mounts();
      mount.set_destination(destination);
      mount.set_type("bind");
      mount.set_source("/run");
      ASSERT_TRUE(make_devices(child_));
      EXPECT_TRUE(std::filesystem::is_empty(in_root("/dev")));
    });
  }
}

TEST_F(ChildSteps, dev_on_a_read_only_root_is_ours_where_nothing_is_mounted_in_it) {
  EXPECT_FALSE(has_dev_of_ours(request_));
  request_.mutable_root()->set_read_only(true);
  EXPECT_TRUE(has_dev_of_ours(request_));
  v1::Mount& mount = *request_.add_mounts();
  mount.set_destination("/devices");
  EXPECT_TRUE(has_dev_of_ours(request_));
  for (const char* destination : {"/dev", "/dev/shm"}) {
    mount.set_destination(destination);
    EXPECT_FALSE(has_dev_of_ours(request_)) << destination;
  }
}

}  // namespace
}  // namespace caisson::agent
