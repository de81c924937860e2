// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/mount_fd.h"

#include "tests/unit/agent/mounts/mount_fixture.h"

namespace caisson::agent {
namespace {

TEST(MountAttributes, flags_of_the_mount_are_translated_and_those_of_the_file_system_left_out) {
  EXPECT_EQ(mount_attributes_of(0), 0U);
  EXPECT_EQ(mount_attributes_of(MS_RDONLY), uint64_t{MOUNT_ATTR_RDONLY});
  EXPECT_EQ(mount_attributes_of(MS_NOSUID), uint64_t{MOUNT_ATTR_NOSUID});
  EXPECT_EQ(mount_attributes_of(MS_NODEV), uint64_t{MOUNT_ATTR_NODEV});
  EXPECT_EQ(mount_attributes_of(MS_NOEXEC), uint64_t{MOUNT_ATTR_NOEXEC});
  EXPECT_EQ(mount_attributes_of(MS_NOATIME), uint64_t{MOUNT_ATTR_NOATIME});
  EXPECT_EQ(mount_attributes_of(MS_STRICTATIME), uint64_t{MOUNT_ATTR_STRICTATIME});
  EXPECT_EQ(mount_attributes_of(MS_NODIRATIME), uint64_t{MOUNT_ATTR_NODIRATIME});
  EXPECT_EQ(mount_attributes_of(MS_NOSYMFOLLOW), uint64_t{MOUNT_ATTR_NOSYMFOLLOW});
  EXPECT_EQ(mount_attributes_of(MS_SYNCHRONOUS | MS_REC | MS_BIND), 0U);
}

TEST(MountAttributes, access_times_are_cleared_as_the_field_they_are) {
  EXPECT_EQ(cleared_by(MOUNT_ATTR_NOATIME), uint64_t{MOUNT_ATTR__ATIME});
  EXPECT_EQ(cleared_by(MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_RDONLY), uint64_t{MOUNT_ATTR__ATIME});
  EXPECT_EQ(cleared_by(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODIRATIME), 0U);
}

TEST_F(MountTest, new_file_system_has_its_options_and_flags) {
  test::in_namespaces([] {
    const auto made = new_filesystem({.type = "tmpfs",
                                      .source = "name",
                                      .data = "mode=0711,,size=64k",
                                      .flags = MS_NOSUID | MS_NODEV | MS_RDONLY});
    ASSERT_TRUE(made) << made.error().message;
    attach(*made, "/tmp/new");
    constexpr unsigned long kAll = ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RDONLY;
    EXPECT_EQ(flags_of("/tmp/new") & kAll, ST_NOSUID | ST_NODEV | ST_RDONLY);
    struct statvfs info {};
    ASSERT_EQ(::statvfs("/tmp/new", &info), 0);
    EXPECT_EQ(info.f_blocks * info.f_frsize, 65536U);
    EXPECT_NE(read_file("/proc/self/mounts").find("name /tmp/new tmpfs ro,nosuid,nodev"), std::string::npos);
  });
}

TEST_F(MountTest, option_that_the_kernel_refuses_is_named_in_its_words) {
  test::in_namespaces([] {
    const auto unknown = new_filesystem({.type = "tmpfs", .source = "x", .data = "mode=755,colour=red"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, EINVAL);
    EXPECT_EQ(unknown.error().message,
              "set option colour=red (tmpfs: Unknown parameter 'colour'): Invalid argument");
    const auto type = new_filesystem({.type = "nothing"});
    ASSERT_FALSE(type);
    EXPECT_EQ(type.error().code, ENODEV);
    EXPECT_TRUE(type.error().message.starts_with("open file system nothing: ")) << type.error().message;
  });
}

TEST_F(MountTest, clone_has_the_mounts_beneath_only_where_asked) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a");
    mount_tmpfs("/tmp/a/beneath");
    write_file("/tmp/a/beneath/file", "x");
    for (const bool recursive : {false, true}) {
      const auto clone = clone_mount(AT_FDCWD, "/tmp/a", recursive);
      ASSERT_TRUE(clone);
      EXPECT_EQ(::faccessat(clone->get(), "beneath/file", F_OK, 0) == 0, recursive);
    }
    const UniqueFd of_it = open_path("/tmp/a");
    EXPECT_TRUE(clone_mount(of_it.get(), "", false));
    const auto absent = clone_mount(AT_FDCWD, "/absent", false);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ENOENT);
  });
}

TEST_F(MountTest, change_is_of_the_mounts_beneath_only_where_asked) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a");
    mount_tmpfs("/tmp/a/beneath");
    const UniqueFd top = open_path("/tmp/a");
    ASSERT_TRUE(change_mount(top.get(), {.set = MOUNT_ATTR_RDONLY}));
    EXPECT_NE(flags_of("/tmp/a") & ST_RDONLY, 0U);
    EXPECT_EQ(flags_of("/tmp/a/beneath") & ST_RDONLY, 0U);
    ASSERT_TRUE(
        change_mount(top.get(), {.set = MOUNT_ATTR_NOEXEC, .clear = MOUNT_ATTR_RDONLY, .recursive = true}));
    EXPECT_EQ(flags_of("/tmp/a") & ST_RDONLY, 0U);
    EXPECT_NE(flags_of("/tmp/a/beneath") & ST_NOEXEC, 0U);
  });
}

}  // namespace
}  // namespace caisson::agent
