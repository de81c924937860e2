// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class StartVerb : public ::testing::Test {
 protected:
  StartVerb() {
    sandbox_.record(Status::created);
    sandbox_.unlock();
  }
  Ran run() { return run_verb(make_start, {"box"}, sandbox_.root().path()); }

  test::FakeSandbox sandbox_;
};

TEST_F(StartVerb, goes_by_the_configuration_on_record) {
  ASSERT_TRUE(sandbox_.directory().write(
      "config.json", R"({"ociVersion":"1.0.2","root":{"path":"r"},"process":{"cwd":"/","args":["sh"]}})"));
  EXPECT_EQ(run().code, 0);
  EXPECT_EQ(sandbox_.on_record().status, Status::running);
}

TEST_F(StartVerb, without_a_configuration_is_refused) {
  EXPECT_EQ(run().code.error().code, ENOENT);
  EXPECT_EQ(sandbox_.on_record().status, Status::created);
}

}  // namespace
}  // namespace caisson::runtime
