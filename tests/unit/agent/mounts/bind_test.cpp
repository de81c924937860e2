// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/bind.h"

#include <sched.h>

#include "tests/unit/agent/mounts/mount_fixture.h"

namespace caisson::agent {
namespace {

v1::Mount bind_of(const std::string& source, uint64_t flags = 0) {
  v1::Mount mount;
  mount.set_type("bind");
  mount.set_source(source);
  mount.set_destination("/there");
  mount.set_flags(flags);
  return mount;
}

v1::Mount export_of(const std::string& name) {
  v1::Mount mount;
  mount.set_export_name(name);
  mount.set_destination("/there");
  return mount;
}

TEST_F(MountTest, bind_of_an_export_takes_a_name_and_no_path) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/exports/data");
    write_file("/tmp/exports/data/file", "x");
    write_file("/tmp/secret", "secret");
    const UniqueFd exports = open_path("/tmp/exports");
    const auto made = make_bind(exports.get(), export_of("data"));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(::faccessat(made->get(), "file", F_OK, 0), 0);
    for (const char* name : {"../secret", "..", ".", "data/file", "/tmp/secret"}) {
      const auto refused = make_bind(exports.get(), export_of(name));
      ASSERT_FALSE(refused) << name;
      EXPECT_EQ(refused.error().code, EINVAL);
      EXPECT_EQ(refused.error().message, "use export \"" + std::string(name) + "\": not a name");
    }
  });
}

TEST_F(MountTest, bind_has_the_mounts_beneath_its_source_where_asked_or_where_they_are_named) {
  test::in_namespaces([] {
    mount_tmpfs("/tmp/exports/data");
    mount_tmpfs("/tmp/exports/data/beneath");
    write_file("/tmp/exports/data/beneath/file", "x");
    const UniqueFd exports = open_path("/tmp/exports");
    const auto has_beneath = [&](const v1::Mount& mount) {
      return ::faccessat(make_bind(exports.get(), mount).value().get(), "beneath/file", F_OK, 0) == 0;
    };
    EXPECT_FALSE(has_beneath(export_of("data")));
    v1::Mount named = export_of("data");
    named.add_mounts_beneath("beneath");
    EXPECT_TRUE(has_beneath(named));
    EXPECT_FALSE(has_beneath(bind_of("/tmp/exports/data")));
    EXPECT_TRUE(has_beneath(bind_of("/tmp/exports/data", MS_REC)));
  });
}

// A mount with one beneath it, and a directory beside it to which links lead.
class BeneathTest : public MountTest {
 protected:
  static v1::Mount lay_out(const std::string& named) {
    mount_tmpfs("/tmp/a");
    mount_tmpfs("/tmp/a/beneath");
    mount_tmpfs("/tmp/beside");
    std::filesystem::create_symlink("beneath", "/tmp/a/link");
    std::filesystem::create_symlink("/tmp/beside", "/tmp/a/out");
    v1::Mount mount = export_of("a");
    mount.add_mounts_beneath(named);
    mount.add_flags_beneath(MS_RDONLY | MS_NOEXEC);
    return mount;
  }
};

TEST_F(BeneathTest, has_what_the_host_forbids_there) {
  test::in_namespaces([] {
    const v1::Mount mount = lay_out("beneath");
    ASSERT_TRUE(restrict_beneath(mount, open_path("/tmp/a").get()));
    EXPECT_EQ(flags_of("/tmp/a/beneath") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY | ST_NOEXEC);
    EXPECT_EQ(flags_of("/tmp/a") & ST_RDONLY, 0U);
  });
}

TEST_F(BeneathTest, keeps_what_was_cleared_of_all_of_them) {
  test::in_namespaces([] {
    v1::Mount mount = lay_out("beneath");
    mount.set_recursive_clear(MOUNT_ATTR_NOEXEC);
    ASSERT_TRUE(restrict_beneath(mount, open_path("/tmp/a").get()));
    EXPECT_EQ(flags_of("/tmp/a/beneath") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY);
  });
}

TEST_F(BeneathTest, is_not_looked_for_through_links_or_above) {
  for (const char* named : {"link", "out", "../beside", "/tmp/beside"}) {
    test::in_namespaces([named] {
      const v1::Mount mount = lay_out(named);
      EXPECT_TRUE(restrict_beneath(mount, open_path("/tmp/a").get()));
      EXPECT_EQ(flags_of("/tmp/a/beneath") & ST_RDONLY, 0U) << named;
      EXPECT_EQ(flags_of("/tmp/beside") & ST_RDONLY, 0U) << named;
    });
  }
}

TEST_F(BeneathTest, that_has_gone_or_is_no_mount_is_left_out_and_so_is_one_without_flags) {
  test::in_namespaces([] {
    v1::Mount mount = lay_out("gone");
    std::filesystem::create_directories("/tmp/a/plain");
    mount.add_mounts_beneath("plain");
    mount.add_flags_beneath(MS_RDONLY);
    mount.add_mounts_beneath("beneath");  // its flags are missing
    EXPECT_TRUE(restrict_beneath(mount, open_path("/tmp/a").get()));
    EXPECT_EQ(flags_of("/tmp/a/beneath") & ST_RDONLY, 0U);
  });
}

TEST_F(MountTest, agent_makes_the_binds_that_a_user_namespace_cannot) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/exports/data");
    v1::CreateContainerRequest request;
    v1::Mount& plain = *request.add_mounts();
    plain = export_of("data");
    v1::Mount& locked = *request.add_mounts();
    locked = export_of("data");
    locked.set_flags_cleared(MS_NODEV);
    v1::Mount& mapped = *request.add_mounts();
    mapped = export_of("data");
    for (auto* mapping : {mapped.add_uid_mappings(), mapped.add_gid_mappings()}) {
      mapping->set_size(1);
    }
    v1::Mount& relay = *request.add_mounts();
    relay = mapped;
    relay.set_host_socket_port(3);
    v1::Mount& made = *request.add_mounts();
    made.set_type("tmpfs");
    made.add_uid_mappings()->set_size(1);
    const auto which = [&] {
      std::string text;
      const auto binds = make_binds_for(request, "/tmp/exports");
      for (const UniqueFd& bind : *binds) {
        text += bind ? 'x' : '-';
      }
      return text;
    };
    EXPECT_EQ(which(), "--x--");
    request.add_namespaces()->set_kind(CLONE_NEWUSER);
    EXPECT_EQ(which(), "-xx--");
    const auto absent = make_binds_for(request, "/absent");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ENOENT);
    request.mutable_mounts(1)->set_export_name("../x");
    const auto refused = make_binds_for(request, "/tmp/exports");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "mount /there: use export \"../x\": not a name");
  });
}

}  // namespace
}  // namespace caisson::agent
