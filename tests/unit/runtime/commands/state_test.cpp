// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

TEST(StateVerb, prints_a_document) {
  test::FakeSandbox sandbox;
  sandbox.record(Status::running);
  const Ran ran = run_verb(make_state, {"box"}, sandbox.root().path());
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, ::testing::StartsWith("{\n  \"ociVersion\": \"1.0.2\",\n  \"id\": \"box\",\n"));
  EXPECT_THAT(ran.output, ::testing::HasSubstr("\"status\": \"running\""));
  EXPECT_THAT(ran.output, ::testing::HasSubstr("\"pid\": " + std::to_string(sandbox.machine().pid()) + ","));
  EXPECT_THAT(ran.output, ::testing::EndsWith("}\n"));
}

TEST(StateVerb, of_none_is_an_error_and_prints_nothing) {
  const test::ScratchDirectory scratch;
  const Ran ran = run_verb(make_state, {"none"}, scratch / "root");
  EXPECT_EQ(ran.code.error().code, ENOENT);
  EXPECT_EQ(ran.output, "");
}

}  // namespace
}  // namespace caisson::runtime
