// SPDX-License-Identifier: Apache-2.0
// pause and resume: under the lock, which another may hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

TEST(PauseVerb, and_resume_undo_each_other) {
  test::FakeSandbox sandbox;
  sandbox.record(Status::running);
  sandbox.unlock();
  EXPECT_EQ(run_verb(make_pause, {"box"}, sandbox.root().path()).code, 0);
  EXPECT_EQ(sandbox.on_record().status, Status::paused);
  EXPECT_EQ(run_verb(make_resume, {"box"}, sandbox.root().path()).code, 0);
  EXPECT_EQ(sandbox.on_record().status, Status::running);
}

TEST(PauseVerb, of_none_is_an_error) {
  const test::ScratchDirectory scratch;
  EXPECT_EQ(run_verb(make_pause, {"box"}, scratch / "root").code.error().code, ENOENT);
  EXPECT_EQ(run_verb(make_resume, {"box"}, scratch / "root").code.error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::runtime
