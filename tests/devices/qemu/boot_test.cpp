// SPDX-License-Identifier: Apache-2.0
// QemuMachine with the real QEMU: a guest of one page (rng_guest.c) drives our entropy device through
// vhost-user, and the machine stops, pauses and dies as it should. Needs no kernel.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>

#include "vmm/qemu/qemu_machine.h"
#include "vmm/virtio/rng/device.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::vmm {
namespace {

using ::testing::ContainsRegex;

class QemuBoot : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v qemu-system-x86_64 >/dev/null") != 0) {
      FAIL() << "needs qemu-system-x86_64 (scripts/bootstrap run)";
    }
    loop_ = EventLoop::create().value();
    device_loop_ = EventLoop::create().value();
    vsock_ = std::make_unique<vsock::Device>(*device_loop_);
    rng_ = std::make_unique<rng::Device>(*device_loop_);
    device_thread_ = std::thread([this] { EXPECT_TRUE(device_loop_->run()); });
    config_.memory_bytes = 64U << 20U;
    config_.kernel = CAISSON_RNG_GUEST;
    config_.initramfs = CAISSON_RNG_GUEST;  // any file: the guest looks at none
  }
  void TearDown() override {
    release_guest();
    machine_.reset();
    if (device_thread_.joinable()) {
      device_loop_->stop();
      device_thread_.join();
    }
  }

  void start() {
    attach();
    start_attached();
  }
  void attach() {
    auto machine = QemuMachine::create(config_, *loop_);
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
    ASSERT_TRUE(machine_->attach(*vsock_, *device_loop_));
    ASSERT_TRUE(machine_->attach(*rng_, *device_loop_));
  }
  void start_attached() {
    const auto started = machine_->start([this](MachineStop stop) {
      stop_ = std::move(stop);
      loop_->stop();
    });
    ASSERT_TRUE(started) << started.error().message;
  }

  // The guest ends once it has its entropy: it gets none until it is released.
  void start_held() {
    attach();
    device_loop_->post([held = release_.get_future().share()] { held.wait(); });
    held_ = true;
    start_attached();
  }
  void release_guest() {
    if (std::exchange(held_, false)) {
      release_.set_value();
    }
  }

  void expect_entropy() {
    const Timer end = loop_->after(std::chrono::seconds(60), [this] { machine_->stop(); });
    ASSERT_TRUE(loop_->run());
    EXPECT_EQ(stop_.reason, StopReason::guest_reset) << stop_.detail;
    EXPECT_THAT(machine_->console_tail(), ContainsRegex("entropy [0-9a-f]{32}\n"));
  }

  MachineConfig config_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<EventLoop> device_loop_;
  std::unique_ptr<vsock::Device> vsock_;
  std::unique_ptr<rng::Device> rng_;
  std::promise<void> release_;
  bool held_ = false;
  std::thread device_thread_;
  std::unique_ptr<QemuMachine> machine_;
  MachineStop stop_;
};

TEST_F(QemuBoot, guest_gets_entropy_through_vhost_user_and_resets) {
  start();
  expect_entropy();
}

TEST_F(QemuBoot, several_cpus_boot) {
  config_.cpus = 3;
  start();
  expect_entropy();
}

TEST_F(QemuBoot, counted_instructions_boot) {
  config_.count_instructions = true;
  start();
  expect_entropy();
}

TEST_F(QemuBoot, pause_and_resume_do_not_disturb_the_device) {
  start_held();
  for (int i = 0; i < 3; ++i) {
    const auto stopped = machine_->pause();
    ASSERT_TRUE(stopped) << stopped.error().message;
    if (i == 2) {
      release_guest();
    }
    ASSERT_TRUE(machine_->resume());
  }
  expect_entropy();
}

TEST_F(QemuBoot, stop_of_a_paused_machine_reaps_it) {
  start_held();
  ASSERT_TRUE(machine_->pause());
  machine_->stop();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(stop_.reason, StopReason::killed);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
}

TEST_F(QemuBoot, program_that_is_no_kernel_is_a_machine_error_in_qemus_words) {
  config_.kernel = "/proc/self/exe";
  start();
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(stop_.reason, StopReason::machine_error);
  EXPECT_THAT(stop_.detail, ContainsRegex("QEMU ended with status 1; it says: .*kernel"));
}

}  // namespace
}  // namespace caisson::vmm
