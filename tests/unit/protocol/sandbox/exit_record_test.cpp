// SPDX-License-Identifier: Apache-2.0
#include "protocol/sandbox/exit_record.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(ExitRecord, what_is_written_is_read) {
  const ExitRecord read =
      parse_exit_record(to_text({.exit_code = 137, .out_of_memory = true, .guest_lost = "panic"}));
  EXPECT_EQ(read.exit_code, 137);
  EXPECT_TRUE(read.out_of_memory);
  EXPECT_EQ(read.guest_lost, "panic");
}

// An intruder in caisson-vmm writes what it likes.
TEST(ExitRecord, what_is_missing_or_of_another_type_keeps_its_default) {
  for (const char* text :
       {"", "[]", "null", "{", R"({"exitCode":"7","outOfMemory":1,"guestLost":["x"]})", "\xff\xfe", "7"}) {
    const ExitRecord read = parse_exit_record(text);
    EXPECT_EQ(read.exit_code, 0) << text;
    EXPECT_FALSE(read.out_of_memory) << text;
    EXPECT_EQ(read.guest_lost, "") << text;
  }
}

TEST(ExitRecord, a_reason_is_made_harmless_and_cut) {
  const ExitRecord read =
      parse_exit_record(R"({"guestLost":"\u001b]0;owned\u0007)" + std::string(100000, 'x') + "\"}");
  EXPECT_EQ(read.guest_lost.find('\x1b'), std::string::npos);
  EXPECT_EQ(read.guest_lost.find('\x07'), std::string::npos);
  EXPECT_LT(read.guest_lost.size(), 10000U);
}

TEST(ExitRecord, a_name_that_is_no_text_is_written_all_the_same) {
  EXPECT_EQ(parse_exit_record(to_text({.exit_code = 1, .guest_lost = "a\xff"})).exit_code, 1);
}

}  // namespace
}  // namespace caisson
