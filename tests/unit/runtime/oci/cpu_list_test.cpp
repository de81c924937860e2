// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/cpu_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CpuList, lists_and_ranges_are_read) {
  EXPECT_THAT(*parse_cpu_list(""), IsEmpty());
  EXPECT_THAT(*parse_cpu_list("3"), ElementsAre(3));
  EXPECT_THAT(*parse_cpu_list("7,0-2,1"), ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(*parse_cpu_list("1023"), ElementsAre(1023));
}

TEST(CpuList, what_is_none_is_refused) {
  for (const char* text :
       {"x", "1,", ",1", "1,,2", "2-1", "1-", "-1", "1024", "0-9999999999", "1 ", "0x1", "1-2-3"}) {
    EXPECT_FALSE(parse_cpu_list(text)) << text;
  }
}

}  // namespace
}  // namespace caisson::runtime::oci
