// SPDX-License-Identifier: Apache-2.0
// KvmMachine without devices: start, the ways to stop, pause, several CPUs, and what it refuses.
#include "tests/microguest/microguest.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

constexpr GuestAddress kCounter{0x50000};  // guests/count.c

class KvmMachineTest : public MicroguestTest {
 protected:
  uint64_t counter() const { return machine_->memory().load<uint64_t>(kCounter).value(); }
};

TEST_F(KvmMachineTest, guest_that_triple_faults_is_a_reset) {
  create("hello");
  start();
  run();
  EXPECT_EQ(stop_.reason, StopReason::guest_reset) << stop_.detail;
  EXPECT_THAT(stop_.detail, HasSubstr("triple fault"));
  EXPECT_EQ(machine_->console_tail(), "hello\n");
  EXPECT_EQ(count("io"), 6U);
  EXPECT_EQ(count("shutdown"), 1U);
}

TEST_F(KvmMachineTest, guest_that_pulses_the_keyboard_controller_is_a_reset) {
  create("keyboard_reset");
  start();
  run();
  EXPECT_EQ(stop_.reason, StopReason::guest_reset) << stop_.detail;
  EXPECT_EQ(machine_->console_tail(), "bye\n");
}

TEST_F(KvmMachineTest, guest_that_leaves_memory_is_a_machine_error_with_registers) {
  create("astray");
  start();
  run();
  EXPECT_EQ(stop_.reason, StopReason::machine_error);
  EXPECT_THAT(stop_.detail, HasSubstr("KVM internal error"));
  EXPECT_THAT(stop_.detail, HasSubstr("rip 0xc0000000"));
  EXPECT_THAT(stop_.detail, HasSubstr("rbx 0x1234"));
}

TEST_F(KvmMachineTest, stop_ends_a_halted_guest) {
  create("halt");
  start();
  run_until_printed("halting\n");
  machine_->stop();
  run();
  EXPECT_EQ(stop_.reason, StopReason::killed);
  machine_->stop();
  EXPECT_EQ(stops_, 1);
}

TEST_F(KvmMachineTest, stop_ends_a_spinning_guest) {
  create("count");
  start();
  run_until_printed("counting\n");
  machine_->stop();
  run();
  EXPECT_EQ(stop_.reason, StopReason::killed);
}

TEST_F(KvmMachineTest, stop_of_a_paused_guest_ends_it) {
  create("count");
  start();
  ASSERT_TRUE(machine_->pause());
  machine_->stop();
  run();
  EXPECT_EQ(stop_.reason, StopReason::killed);
}

TEST_F(KvmMachineTest, destruction_ends_a_running_guest) {
  create("count");
  start();
  machine_.reset();
  EXPECT_EQ(stops_, 0);
}

TEST_F(KvmMachineTest, pause_stops_the_guest_and_resume_continues_it) {
  create("count");
  start();
  run_until_printed("counting\n");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(machine_->pause());
    const uint64_t before = counter();
    // Time for the guest to betray itself.
    const Timer end = loop_->after(std::chrono::milliseconds(5), [this] { loop_->stop(); });
    ASSERT_TRUE(loop_->run());
    EXPECT_EQ(counter(), before);
    ASSERT_TRUE(machine_->resume());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (counter() == before && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_GT(counter(), before);
  }
}

TEST_F(KvmMachineTest, pause_twice_and_resume_twice_are_harmless) {
  create("halt");
  start();
  ASSERT_TRUE(machine_->pause());
  ASSERT_TRUE(machine_->pause());
  ASSERT_TRUE(machine_->resume());
  ASSERT_TRUE(machine_->resume());
}

TEST_F(KvmMachineTest, pause_of_a_machine_that_does_not_run_is_refused) {
  create("halt");
  EXPECT_FALSE(machine_->pause());
  EXPECT_FALSE(machine_->resume());
}

TEST_F(KvmMachineTest, second_cpu_starts_by_sipi) {
  config_.cpus = 2;
  create("smp");
  start();
  run();
  EXPECT_EQ(stop_.reason, StopReason::guest_reset) << stop_.detail;
  EXPECT_EQ(machine_->console_tail(), "two CPUs\n");
}

TEST_F(KvmMachineTest, memory_too_small_for_the_kernel_is_refused_with_the_remedy) {
  config_.memory_bytes = uint64_t{2} << 20;
  config_.initramfs = "/usr/bin/qemu-system-x86_64";  // any large file
  create("hello");
  const auto started = machine_->start([](const MachineStop&) {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("give it more memory"));
}

TEST_F(KvmMachineTest, bad_configuration_is_refused) {
  const auto refused = [this](uint32_t cpus, uint64_t memory_bytes) {
    config_.cpus = cpus;
    config_.memory_bytes = memory_bytes;
    return !KvmMachine::create(config_, *loop_);
  };
  config_.kernel = std::string(CAISSON_MICROGUESTS) + "/halt";
  constexpr uint64_t kMemory = uint64_t{4} << 20;
  EXPECT_TRUE(refused(0, kMemory));
  EXPECT_TRUE(refused(65, kMemory));
  EXPECT_TRUE(refused(1, 0));
  EXPECT_TRUE(refused(1, kMemory + 4096));
}

TEST_F(KvmMachineTest, kernel_that_is_no_kernel_is_refused) {
  config_.kernel = "/no such guest";
  EXPECT_FALSE(KvmMachine::create(config_, *loop_));
  config_.kernel = "/etc/passwd";
  machine_ = KvmMachine::create(config_, *loop_).value();
  const auto started = machine_->start([](const MachineStop&) {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("/etc/passwd"));
}

}  // namespace
}  // namespace caisson::vmm
