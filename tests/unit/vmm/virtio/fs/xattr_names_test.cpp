// SPDX-License-Identifier: Apache-2.0
// The guest's `trusted.*` lies in a corner of `user.*` on the host's disk, where the guest cannot name it
// otherwise.
#include "vmm/virtio/fs/xattr_names.h"

#include <sys/xattr.h>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

using vmm::fs::guest_xattr_name;
using vmm::fs::host_xattr_name;

TEST(XattrNames, every_name_served_comes_back) {
  for (const std::string_view name :
       {"user.a", "user.caissons", "user.trusted.a", "security.capability", "system.posix_acl_access",
        "system.posix_acl_default", "trusted.overlay.opaque", "trusted.a"}) {
    const auto host = host_xattr_name(name);
    ASSERT_TRUE(host) << name;
    EXPECT_TRUE(host->starts_with("user.") || *host == name) << name;
    EXPECT_EQ(guest_xattr_name(*host), name);
  }
}

TEST(XattrNames, what_the_guest_must_not_name_is_neither_reached_nor_shown) {
  for (const std::string_view name :
       {"", "user.", "user.caisson.", "user.caisson.trusted.overlay.opaque", "user.caisson.x",
        "security.selinux", "security.ima", "trusted.", "trusted", "system.other"}) {
    const auto host = host_xattr_name(name);
    EXPECT_FALSE(host) << name;
  }
  for (const std::string_view name : {"trusted.overlay.opaque", "trusted.host", "security.selinux", "user.",
                                      "user.caisson.", "user.caisson.x", "user.caisson.trusted.",
                                      "user.caisson.user.a", "user.caisson.security.capability"}) {
    EXPECT_EQ(guest_xattr_name(name), std::nullopt) << name;
  }
}

TEST(XattrNames, namespace_without_a_name_is_invalid) {
  for (const std::string_view name : {"user.", "trusted.", "security."}) {
    EXPECT_EQ(host_xattr_name(name).error().code, EINVAL) << name;
  }
  EXPECT_EQ(host_xattr_name("other.").error().code, EOPNOTSUPP);
}

TEST(XattrNames, name_too_long_for_the_host_is_refused) {
  EXPECT_TRUE(host_xattr_name("trusted." + std::string(255 - 8 - 13, 'x')));
  const auto refused = host_xattr_name("trusted." + std::string(256 - 8 - 13, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ERANGE);
}

TEST_F(FsTest, trusted_attributes_are_kept_apart_from_the_hosts_own) {
  scratch_.write("file", "");
  const std::string path = scratch_ / "file";
  const uint64_t file = node("file");
  ::setxattr(path.c_str(), "trusted.overlay.opaque", "n", 1, 0);  // needs a root of the host's
  ::setxattr(path.c_str(), "user.caisson.x", "hidden", 6, 0);
  const auto get = [&](std::string_view name) {
    return client_->call(FUSE_GETXATTR, file,
                         Arguments().add(fuse_getxattr_in{.size = 100, .padding = 0}).name(name));
  };
  const auto list = [&] {
    return client_->call(FUSE_LISTXATTR, file, Arguments().add(fuse_getxattr_in{.size = 1000, .padding = 0}))
        .text();
  };
  EXPECT_EQ(get("trusted.overlay.opaque").error, ENODATA);
  EXPECT_EQ(list(), "");
  ASSERT_EQ(client_
                ->call(FUSE_SETXATTR, file,
                       Arguments().add(fuse_setxattr_in{.size = 1}).name("trusted.overlay.opaque").raw("y"))
                .error,
            0);
  EXPECT_EQ(get("trusted.overlay.opaque").text(), "y");
  EXPECT_EQ(list(), std::string("trusted.overlay.opaque\0", 23));
  EXPECT_EQ(get("user.caisson.trusted.overlay.opaque").error, EOPNOTSUPP);
  EXPECT_EQ(get("user.caisson.x").error, EOPNOTSUPP);
  std::array<char, 8> value{};
  EXPECT_EQ(::getxattr(path.c_str(), "user.caisson.trusted.overlay.opaque", value.data(), value.size()), 1);
  EXPECT_EQ(client_->call(FUSE_REMOVEXATTR, file, Arguments().name("trusted.overlay.opaque")).error, 0);
  EXPECT_EQ(list(), "");
}

}  // namespace
}  // namespace caisson::test
