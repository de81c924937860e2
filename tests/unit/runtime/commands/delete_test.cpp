// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class DeleteVerb : public ::testing::Test {
 protected:
  Ran run(std::vector<std::string> arguments) {
    return run_verb(make_delete, std::move(arguments), sandbox_.root().path());
  }

  test::FakeSandbox sandbox_;
};

TEST_F(DeleteVerb, of_one_that_runs_takes_force) {
  sandbox_.record(Status::running);
  sandbox_.unlock();
  EXPECT_EQ(run({"box"}).code.error().code, EBUSY);
  EXPECT_FALSE(sandbox_.machine().ended_by());
  EXPECT_EQ(run({"--force", "box"}).code, 0);
  EXPECT_TRUE(sandbox_.root().list()->empty());
}

TEST_F(DeleteVerb, by_a_pattern_takes_those_that_match) {
  sandbox_.record(Status::stopped);
  sandbox_.machine().end();
  sandbox_.unlock();
  EXPECT_EQ(run({"--regex", "^x"}).code, 0);
  EXPECT_EQ(sandbox_.root().list()->size(), 1U);
  EXPECT_EQ(run({"--regex", "^b"}).code, 0);
  EXPECT_TRUE(sandbox_.root().list()->empty());
}

TEST_F(DeleteVerb, name_is_no_pattern_unless_that_is_said) {
  sandbox_.record(Status::stopped);
  sandbox_.unlock();
  EXPECT_EQ(run({"bo."}).code.error().code, ENOENT);
  EXPECT_EQ(sandbox_.root().list()->size(), 1U);
}

}  // namespace
}  // namespace caisson::runtime
