// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_id.h"

#include <gtest/gtest.h>

#include <string>

namespace caisson::runtime {
namespace {

TEST(ContainerId, bad_ones_are_refused) {
  for (const char* id :
       {"", ".", "..", "a/b", "../x", "a b", "\xc3\xa4", "a\n", "`", "@", "[", "{", "/", ":"}) {
    const auto checked = check_id(id);
    ASSERT_FALSE(checked) << id;
    EXPECT_EQ(checked.error().code, EINVAL);
  }
  EXPECT_FALSE(check_id(std::string_view("a\0b", 3)));
}

TEST(ContainerId, first_bad_character_is_named) {
  EXPECT_EQ(check_id("a/b:c").error().message,
            "invalid container ID format: \"a/b:c\": invalid character `/` in the ID; use 1 to 1024 letters, "
            "digits, '_', '+', '.' and '-'");
  EXPECT_EQ(check_id("..").error().message.find("invalid character"), std::string::npos);
}

TEST(ContainerId, good_ones_are_taken) {
  for (const char* id : {"A_1+b.c-d", "a", "Z", "z", "0", "9", "...", ".a", "-"})
    EXPECT_TRUE(check_id(id)) << id;
}

TEST(ContainerId, has_a_longest) {
  EXPECT_TRUE(check_id(std::string(1024, 'a')));
  EXPECT_FALSE(check_id(std::string(1025, 'a')));
}

}  // namespace
}  // namespace caisson::runtime
