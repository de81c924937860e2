// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/adjust.h"

#include "tests/unit/agent/mounts/mount_fixture.h"

namespace caisson::agent {
namespace {

v1::Mount bind_with(uint64_t flags, uint64_t cleared = 0) {
  v1::Mount mount;
  mount.set_type("bind");
  mount.set_flags(flags);
  mount.set_flags_cleared(cleared);
  return mount;
}

TEST(MountKinds, bind_is_what_has_an_export_or_says_so) {
  EXPECT_TRUE(is_bind(bind_with(0)));
  v1::Mount mount;
  mount.set_type("tmpfs");
  EXPECT_FALSE(is_bind(mount));
  mount.set_export_name("x");
  EXPECT_TRUE(is_bind(mount));
}

TEST(MountKinds, ids_are_mapped_where_either_map_is_there) {
  v1::Mount mount;
  EXPECT_FALSE(maps_ids(mount));
  mount.add_uid_mappings();
  EXPECT_TRUE(maps_ids(mount));
  mount.clear_uid_mappings();
  mount.add_gid_mappings();
  EXPECT_TRUE(maps_ids(mount));
}

TEST(MountKinds, flags_that_go_and_access_times_are_locked_in_a_user_namespace) {
  EXPECT_FALSE(changes_locked_flags(bind_with(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)));
  for (const uint64_t flag :
       {uint64_t{MS_NOATIME}, uint64_t{MS_STRICTATIME}, uint64_t{MS_NODIRATIME}, uint64_t{MS_RELATIME}}) {
    EXPECT_TRUE(changes_locked_flags(bind_with(flag))) << flag;
  }
  EXPECT_TRUE(changes_locked_flags(bind_with(0, MS_NOSUID)));
  v1::Mount beneath = bind_with(0);
  beneath.set_recursive_clear(MOUNT_ATTR_NODEV);
  EXPECT_TRUE(changes_locked_flags(beneath));
  beneath = bind_with(0);
  beneath.set_recursive_set(MOUNT_ATTR_RDONLY);
  EXPECT_FALSE(changes_locked_flags(beneath));
  beneath.set_recursive_set(MOUNT_ATTR_NOATIME);
  EXPECT_TRUE(changes_locked_flags(beneath));
  v1::Mount made;  // it has been mounted with its own
  made.set_type("tmpfs");
  made.set_flags(MS_NOATIME);
  EXPECT_FALSE(changes_locked_flags(made));
}

TEST_F(MountTest, flags_are_set_and_cleared_on_it_and_the_recursive_ones_beneath_too) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a", MS_NODEV);
    mount_tmpfs("/tmp/a/beneath", MS_NODEV);
    v1::Mount mount = bind_with(MS_RDONLY | MS_NOATIME, MS_NODEV);
    mount.set_recursive_set(MOUNT_ATTR_NOEXEC);
    const UniqueFd copy = clone_mount(AT_FDCWD, "/tmp/a", true).value();
    ASSERT_TRUE(adjust_mount(mount, copy.get()));
    attach(copy, "/tmp/b");
    constexpr unsigned long kAll = ST_RDONLY | ST_NOATIME | ST_NODEV | ST_NOEXEC;
    EXPECT_EQ(flags_of("/tmp/b") & kAll, ST_RDONLY | ST_NOATIME | ST_NOEXEC);
    EXPECT_EQ(flags_of("/tmp/b/beneath") & kAll, ST_NODEV | ST_NOEXEC);
    EXPECT_EQ(flags_of("/tmp/a") & kAll, ST_NODEV) << "the source was changed";
  });
}

TEST_F(MountTest, access_times_of_the_kernels_own_take_the_place_of_others) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a", MS_NOATIME);
    for (const v1::Mount& mount :
         {bind_with(MS_RELATIME), bind_with(0, MS_NOATIME), bind_with(0, MS_STRICTATIME)}) {
      const UniqueFd copy = clone_mount(AT_FDCWD, "/tmp/a", true).value();
      ASSERT_TRUE(adjust_mount(mount, copy.get()));
      attach(copy, "/tmp/b");
      EXPECT_EQ(flags_of("/tmp/b") & (ST_NOATIME | ST_RELATIME), ST_RELATIME);
    }
  });
}

TEST_F(MountTest, flags_of_a_new_file_system_are_not_set_again) {
  test::in_namespaces([] {
    v1::Mount mount;
    mount.set_type("tmpfs");
    mount.set_flags(MS_RDONLY);
    const UniqueFd made = new_filesystem({.type = "tmpfs", .source = "x"}).value();
    ASSERT_TRUE(adjust_mount(mount, made.get()));
    attach(made, "/tmp/b");
    EXPECT_EQ(flags_of("/tmp/b") & ST_RDONLY, 0U);
  });
}

TEST_F(MountTest, propagation_is_taken_in_order) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a");
    v1::Mount mount = bind_with(0);
    mount.add_propagation(MS_SHARED | MS_REC);
    const UniqueFd copy = clone_mount(AT_FDCWD, "/tmp/a", true).value();
    ASSERT_TRUE(adjust_mount(mount, copy.get()));
    attach(copy, "/tmp/b");
    EXPECT_NE(read_file("/proc/self/mountinfo").find("shared:"), std::string::npos);
    mount.clear_propagation();
    mount.add_propagation(MS_SHARED | MS_PRIVATE);  // no such thing
    const UniqueFd other = clone_mount(AT_FDCWD, "/tmp/a", true).value();
    EXPECT_EQ(adjust_mount(mount, other.get()).error().code, EINVAL);
  });
}

TEST_F(MountTest, ids_are_shown_as_mapped) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/a");
    write_file("/tmp/a/file", "x");
    ASSERT_EQ(::chown("/tmp/a/file", 5, 6), 0);
    v1::Mount mount = bind_with(0);
    for (auto* mapping : {mount.add_uid_mappings(), mount.add_gid_mappings()}) {
      mapping->set_container_id(0);
      mapping->set_host_id(1000);
      mapping->set_size(10);
    }
    const UniqueFd copy = clone_mount(AT_FDCWD, "/tmp/a", true).value();
    const auto adjusted = adjust_mount(mount, copy.get());
    ASSERT_TRUE(adjusted) << adjusted.error().message;
    attach(copy, "/tmp/b");
    struct stat info {};
    ASSERT_EQ(::stat("/tmp/b/file", &info), 0);
    EXPECT_EQ(info.st_uid, 1005U);
    EXPECT_EQ(info.st_gid, 1006U);
    mount.clear_gid_mappings();
    mount.mutable_uid_mappings(0)->set_size(0);
    const UniqueFd other = clone_mount(AT_FDCWD, "/tmp/a", true).value();
    const auto refused = adjust_mount(mount, other.get());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.starts_with("map ids: ")) << refused.error().message;
  });
}

}  // namespace
}  // namespace caisson::agent
