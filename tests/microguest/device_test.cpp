// SPDX-License-Identifier: Apache-2.0
// A device on KvmMachine: set-up over virtio-mmio, notifications and interrupts by eventfd, and what they
// cost.
#include <thread>

#include "tests/microguest/microguest.h"
#include "tests/support/virtio/fake_device.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

class KvmDeviceTest : public MicroguestTest {
 protected:
  void expect_all_rounds() {
    EXPECT_EQ(stop_.reason, StopReason::guest_reset)
        << stop_.detail << " after " << device_.kicks.size() << " kicks";
    EXPECT_THAT(machine_->console_tail(), HasSubstr("config 0123456789\nset up\nrounds done\n"));
    EXPECT_EQ(device_.activations, 1);
    EXPECT_EQ(device_.resets, 1);  // by the end of the machine
  }

  test::FakeDevice device_;
};

TEST_F(KvmDeviceTest, hundred_rounds_cost_no_exit_after_set_up) {
  create("device");
  ASSERT_TRUE(machine_->attach(device_, *loop_));
  start();
  run();
  expect_all_rounds();
  // Set-up alone: five writes of status, two of the feature and two of the queue selector, one of QueueReady.
  EXPECT_EQ(count("mmio"), 10U);
}

TEST_F(KvmDeviceTest, device_on_a_loop_of_its_own_works_alike) {
  auto device_loop = EventLoop::create().value();
  std::thread thread([&] { EXPECT_TRUE(device_loop->run()); });
  create("device");
  ASSERT_TRUE(machine_->attach(device_, *device_loop));
  start();
  run();
  expect_all_rounds();
  machine_.reset();
  device_loop->stop();
  thread.join();
}

TEST_F(KvmDeviceTest, pause_while_the_guest_waits_for_the_device_loop_does_not_block) {
  create("device");
  ASSERT_TRUE(machine_->attach(device_, *loop_));
  start();
  // No loop runs yet: the guest's first write waits for it. pause() must let it through.
  ASSERT_TRUE(machine_->pause());
  ASSERT_TRUE(machine_->resume());
  run();
  expect_all_rounds();
}

TEST_F(KvmDeviceTest, stop_while_the_guest_waits_for_the_device_loop_does_not_block) {
  create("device");
  ASSERT_TRUE(machine_->attach(device_, *loop_));
  start();
  machine_->stop();
  run();
  EXPECT_EQ(stop_.reason, StopReason::killed);
}

TEST_F(KvmDeviceTest, attach_beyond_the_pins_is_refused) {
  create("device");
  for (int i = 0; i < 19; ++i) {
    ASSERT_TRUE(machine_->attach(device_, *loop_));
  }
  EXPECT_FALSE(machine_->attach(device_, *loop_));
}

TEST_F(KvmDeviceTest, attach_after_start_is_refused) {
  create("halt");
  start();
  EXPECT_FALSE(machine_->attach(device_, *loop_));
}

}  // namespace
}  // namespace caisson::vmm
