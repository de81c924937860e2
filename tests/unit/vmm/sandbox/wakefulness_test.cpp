// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/wakefulness.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

class FakeMachine final : public Machine {
 public:
  Result<void> attach(VirtioDevice& /*device*/, EventLoop& /*loop*/) override { return {}; }
  [[nodiscard]] bool is_child_process() const override { return false; }
  Result<void> start(StopHandler /*on_stop*/) override { return {}; }
  Result<void> pause() override { return change(false); }
  Result<void> resume() override { return change(true); }
  void stop() override {}
  [[nodiscard]] std::string console_tail() const override { return {}; }
  [[nodiscard]] std::vector<Count> counters() const override { return {}; }

  Result<void> change(bool runs) {
    if (broken) {
      return fail(EIO, "broken");
    }
    running = runs;
    return {};
  }
  bool running = true;
  bool broken = false;
};

class WakefulnessTest : public ::testing::Test {
 protected:
  FakeMachine machine_;
  Wakefulness wakefulness_{machine_};
};

TEST_F(WakefulnessTest, pause_and_resume_are_the_machines_and_may_be_repeated) {
  EXPECT_TRUE(wakefulness_.resume());
  EXPECT_TRUE(machine_.running);
  EXPECT_TRUE(wakefulness_.pause());
  EXPECT_TRUE(wakefulness_.pause());
  EXPECT_TRUE(wakefulness_.is_paused());
  EXPECT_FALSE(machine_.running);
  EXPECT_TRUE(wakefulness_.resume());
  EXPECT_TRUE(machine_.running);
}

TEST_F(WakefulnessTest, a_paused_guest_is_awake_until_the_last_has_let_go) {
  ASSERT_TRUE(wakefulness_.pause());
  EXPECT_TRUE(wakefulness_.wake(7));
  EXPECT_TRUE(wakefulness_.wake(8));
  EXPECT_TRUE(wakefulness_.wake(7));
  EXPECT_TRUE(machine_.running);
  EXPECT_TRUE(wakefulness_.is_paused());
  EXPECT_TRUE(wakefulness_.let_go(7));
  EXPECT_TRUE(machine_.running);
  EXPECT_TRUE(wakefulness_.let_go(8));
  EXPECT_FALSE(machine_.running);
}

TEST_F(WakefulnessTest, who_lets_go_after_a_resume_stops_nothing) {
  ASSERT_TRUE(wakefulness_.pause());
  ASSERT_TRUE(wakefulness_.wake(7));
  ASSERT_TRUE(wakefulness_.resume());
  EXPECT_TRUE(wakefulness_.let_go(7));
  EXPECT_TRUE(machine_.running);
}

TEST_F(WakefulnessTest, a_pause_waits_for_who_needs_the_guest) {
  ASSERT_TRUE(wakefulness_.wake(7));
  EXPECT_TRUE(wakefulness_.pause());
  EXPECT_TRUE(machine_.running);
  EXPECT_TRUE(wakefulness_.let_go(7));
  EXPECT_FALSE(machine_.running);
}

TEST_F(WakefulnessTest, a_stranger_has_nothing_to_let_go) {
  ASSERT_TRUE(wakefulness_.pause());
  ASSERT_TRUE(wakefulness_.wake(7));
  EXPECT_TRUE(wakefulness_.let_go(9));
  EXPECT_TRUE(machine_.running);
}

TEST_F(WakefulnessTest, what_the_machine_refuses_has_not_happened) {
  machine_.broken = true;
  EXPECT_FALSE(wakefulness_.pause());
  EXPECT_FALSE(wakefulness_.is_paused());
  machine_.broken = false;
  ASSERT_TRUE(wakefulness_.pause());
  machine_.broken = true;
  EXPECT_FALSE(wakefulness_.resume());
  EXPECT_TRUE(wakefulness_.is_paused());
  EXPECT_FALSE(wakefulness_.wake(7));
}

}  // namespace
}  // namespace caisson::vmm
