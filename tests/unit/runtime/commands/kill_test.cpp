// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class KillVerb : public ::testing::Test {
 protected:
  KillVerb() { sandbox_.record(Status::running); }
  agent::v1::SignalProcessRequest after(std::vector<std::string> arguments) {
    EXPECT_EQ(run_verb(make_kill, std::move(arguments), sandbox_.root().path()).code, 0);
    return sandbox_.last<agent::v1::SignalProcessRequest>("SignalProcess");
  }

  test::FakeSandbox sandbox_;
};

TEST_F(KillVerb, signal_is_sigterm_unless_it_is_named) {
  EXPECT_EQ(after({"box"}).signal(), static_cast<uint32_t>(SIGTERM));
  EXPECT_EQ(after({"box", ""}).signal(), static_cast<uint32_t>(SIGTERM));
  EXPECT_EQ(after({"box", "HUP"}).signal(), static_cast<uint32_t>(SIGHUP));
  EXPECT_EQ(after({"box", "9"}).signal(), static_cast<uint32_t>(SIGKILL));
}

TEST_F(KillVerb, all_are_meant_where_that_is_said) {
  EXPECT_FALSE(after({"box", "HUP"}).all());
  EXPECT_TRUE(after({"--all", "box", "HUP"}).all());
}

TEST_F(KillVerb, unknown_signal_reaches_nobody) {
  const Ran ran = run_verb(make_kill, {"box", "FISH"}, sandbox_.root().path());
  EXPECT_EQ(ran.code.error().code, EINVAL);
  EXPECT_TRUE(sandbox_.heard().empty());
}

}  // namespace
}  // namespace caisson::runtime
