// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/linux.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace caisson::runtime::oci {
namespace {

TEST(FindNamespace, is_by_its_kind) {
  const Linux config{
      .namespaces = {{.type = {CLONE_NEWPID}, .path = "/p"}, {.type = {CLONE_NEWNET}, .path = "/n"}}};
  ASSERT_NE(config.find_namespace(CLONE_NEWNET), nullptr);
  EXPECT_EQ(config.find_namespace(CLONE_NEWNET)->path, "/n");
  EXPECT_EQ(config.find_namespace(CLONE_NEWPID)->path, "/p");
  EXPECT_EQ(config.find_namespace(CLONE_NEWUSER), nullptr);
  EXPECT_EQ(Linux().find_namespace(CLONE_NEWPID), nullptr);
}

}  // namespace
}  // namespace caisson::runtime::oci
