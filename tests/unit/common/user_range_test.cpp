// SPDX-License-Identifier: Apache-2.0
#include "common/user_range.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(UserRange, first_and_last_are_read_and_written_alike) {
  const auto range = parse_user_range("200000-200009");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->size(), 10U);
  EXPECT_TRUE(range->contains(200000));
  EXPECT_TRUE(range->contains(200009));
  EXPECT_FALSE(range->contains(200010));
  EXPECT_EQ(to_string(*range), "200000-200009");
  EXPECT_TRUE(parse_user_range(to_string(kDefaultUsers)));
}

TEST(UserRange, what_is_no_range_or_holds_an_id_of_somebodys_is_refused) {
  for (const char* text :
       {"", "-", "5", "5-", "-5", "9-8", "0-5", "1-65534", "65534-65534", "70000-4294967294",
        "4294967295-4294967295", "1-4294967296", "200000-200009 ", "0x10-0x20", "1--2"}) {
    EXPECT_FALSE(parse_user_range(text)) << text;
  }
}

}  // namespace
}  // namespace caisson
