// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/name_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

bool matches(const std::string& pattern, const std::string& name) {
  const auto parsed = NamePattern::parse(pattern);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed && parsed->matches(name);
}

TEST(NamePattern, matches_anywhere_unless_anchored) {
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_TRUE(matches("", "abc"));
  EXPECT_FALSE(matches("^b", "abc"));
  EXPECT_FALSE(matches("b$", "abc"));
  EXPECT_TRUE(matches("^abc$", "abc"));
}

TEST(NamePattern, is_an_extended_expression) {
  EXPECT_TRUE(matches("^(web|db)-[0-9]+$", "db-12"));
  EXPECT_FALSE(matches("^(web|db)-[0-9]+$", "db-"));
  EXPECT_FALSE(matches("^WEB", "web"));
}

TEST(NamePattern, malformed_one_is_refused_with_what_is_wrong) {
  const auto parsed = NamePattern::parse("a(b");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, EINVAL);
  EXPECT_THAT(parsed.error().message, ::testing::MatchesRegex("--regex: \"a\\(b\": .+"));
}

}  // namespace
}  // namespace caisson::runtime
