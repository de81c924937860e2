// SPDX-License-Identifier: Apache-2.0
#include "agent/ids/user_namespace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/support/in_namespaces.h"

namespace caisson::agent {
namespace {

IdMappings mappings_of(std::initializer_list<std::array<uint32_t, 3>> lines) {
  IdMappings mappings;
  for (const auto& [inside, outside, size] : lines) {
    v1::IdMapping& mapping = *mappings.Add();
    mapping.set_container_id(inside);
    mapping.set_host_id(outside);
    mapping.set_size(size);
  }
  return mappings;
}

TEST(UserNamespace, maps_are_lines_as_the_kernel_takes_them) {
  const IdMaps maps = id_maps_of(mappings_of({{0, 100000, 65536}, {70000, 4294967294, 1}}), mappings_of({}));
  EXPECT_EQ(maps.uid, "0 100000 65536\n70000 4294967294 1\n");
  EXPECT_EQ(maps.gid, "");
}

TEST(UserNamespace, lasts_without_a_process) {
  if (const std::string why = test::why_no_namespaces(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  test::in_namespaces([] {
    const auto made = make_user_namespace({.uid = "0 1000 1\n", .gid = "0 1000 1\n"});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1) << "its first process was left behind";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(::setns(made->get(), CLONE_NEWUSER), 0);
  });
}

TEST(UserNamespace, map_that_the_kernel_refuses_is_told_by_its_file) {
  if (const std::string why = test::why_no_namespaces(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  test::in_namespaces([] {
    const auto gids = make_user_namespace({.uid = "0 1000 1\n", .gid = "0 1000 0\n"});
    ASSERT_FALSE(gids);
    EXPECT_EQ(gids.error().code, EINVAL);
    EXPECT_NE(gids.error().message.find("/gid_map"), std::string::npos) << gids.error().message;
    const auto uids = make_user_namespace({.uid = "nothing\n", .gid = "0 1000 1\n"});
    ASSERT_FALSE(uids);
    EXPECT_NE(uids.error().message.find("/uid_map"), std::string::npos) << uids.error().message;
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
  });
}

}  // namespace
}  // namespace caisson::agent
