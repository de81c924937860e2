// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/knobs.h"

#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(ParseSize, units_are_powers_of_1024) {
  EXPECT_EQ(parse_size("1024"), 1024U);
  EXPECT_EQ(parse_size("256m"), 256 * kMiB);
  EXPECT_EQ(parse_size("1.5G"), 1536 * kMiB);
  EXPECT_EQ(parse_size("64MiB"), 64 * kMiB);
  EXPECT_EQ(parse_size("10kB"), 10240U);
}

TEST(ParseSize, nonsense_is_refused) {
  for (const char* text : {"", "m", "-1", "1x", "1mm", "1..2", "9999999999999G", ".", "1 M"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(NumberWithin, whole_numbers_from_one_to_the_most) {
  EXPECT_EQ(number_within("1", 64), 1U);
  EXPECT_EQ(number_within("64", 64), 64U);
  for (const char* text : {"", "0", "65", "-1", "1 ", "1x", "4294967297"}) {
    EXPECT_FALSE(number_within(text, 64)) << text;
  }
}

TEST(Knobs, what_is_not_given_is_empty) {
  oci::Config config;
  config.annotations["org.caisson.memory"] = "1G";
  EXPECT_EQ(annotation(config, "memory"), "1G");
  EXPECT_EQ(annotation(config, "cpus"), "");
  EXPECT_EQ(environment("CAISSON_NO_SUCH_VARIABLE"), "");
}

}  // namespace
}  // namespace caisson::runtime
