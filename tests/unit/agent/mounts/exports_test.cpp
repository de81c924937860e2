// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/exports.h"

#include <gtest/gtest.h>

namespace caisson::agent {
namespace {

TEST(ExportName, that_is_a_path_is_refused) {
  for (const char* name : {"", ".", "..", "a/b", "/", "a\nb"}) {
    EXPECT_FALSE(check_export_name(name)) << name;
  }
  EXPECT_FALSE(check_export_name(std::string(65, 'a')));
  EXPECT_TRUE(check_export_name("rootfs-1_2.x"));
}

}  // namespace
}  // namespace caisson::agent
