// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/sandbox_cgroup.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

TEST(CgroupNameOf, is_a_path_unless_systemd_makes_it) {
  const auto path = cgroup_name("/a/b", "box", "/run/caisson", false);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(std::get<std::string>(*path), "/a/b");
  const auto scope = cgroup_name("machine.slice:libpod:abc", "box", "/run/caisson", true);
  ASSERT_TRUE(scope) << scope.error().message;
  EXPECT_EQ(std::get<ScopeName>(*scope).unit, "libpod-abc.scope");
  EXPECT_EQ(std::get<ScopeName>(*scope).slice, "machine.slice");
}

TEST(CgroupNameOf, form_of_the_other_is_refused) {
  const auto scope = cgroup_name("/a/b", "box", "/run/caisson", true);
  ASSERT_FALSE(scope);
  EXPECT_EQ(scope.error().code, EINVAL);
  const auto path = cgroup_name("/a/../..", "box", "/run/caisson", false);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, EINVAL);
}

}  // namespace
}  // namespace caisson::runtime
