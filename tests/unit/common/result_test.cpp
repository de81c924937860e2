// SPDX-License-Identifier: Apache-2.0
#include "common/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace caisson {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) {
    return fail(ERANGE, "halve odd number");
  }
  return value / 2;
}

Result<int> quarter(int value) {
  return TRY(half(TRY(half(value))));
}

Result<void> check_even(int value) {
  TRY_CONTEXT("check", half(value));
  return {};
}

TEST(Result, try_on_success_yields_the_value) {
  EXPECT_EQ(quarter(12).value(), 3);
}

TEST(Result, try_on_failure_returns_the_error) {
  const auto result = quarter(6);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ERANGE);
  EXPECT_EQ(result.error().message, "halve odd number");
}

TEST(Result, try_context_prefixes_the_message_and_keeps_the_code) {
  const auto result = check_even(1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ERANGE);
  EXPECT_EQ(result.error().message, "check: halve odd number");
}

TEST(Result, fail_errno_names_the_reason) {
  const Result<void> result = fail_errno("open /x", EACCES);
  EXPECT_EQ(result.error().code, EACCES);
  EXPECT_EQ(result.error().message, "open /x: Permission denied");
}

TEST(Result, try_moves_values_that_cannot_be_copied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto use = [&]() -> Result<int> { return *TRY(make()); };
  EXPECT_EQ(use().value(), 5);
}

}  // namespace
}  // namespace caisson
