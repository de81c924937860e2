// SPDX-License-Identifier: Apache-2.0
// A fixture that runs one micro-guest on KvmMachine, its main loop on the test's thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "vmm/kvm/kvm_machine.h"

namespace caisson::vmm {

class MicroguestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto kvm = Kvm::open();
    ASSERT_TRUE(kvm) << kvm.error().message << "; run by tests/microguest/run";
    loop_ = EventLoop::create().value();
    config_.memory_bytes = uint64_t{4} << 20;
  }

  // Makes the machine for guests/<name>.c.
  void create(const std::string& guest) {
    config_.kernel = std::string(CAISSON_MICROGUESTS) + "/" + guest;
    auto machine = KvmMachine::create(config_, *loop_);
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }

  void start() {
    const auto started = machine_->start([this](MachineStop stop) {
      ++stops_;
      stop_ = std::move(stop);
      loop_->stop();
    });
    ASSERT_TRUE(started) << started.error().message;
  }

  // Until the machine stops, or a minute has passed.
  void run() {
    const Timer end = loop_->after(std::chrono::minutes(1), [this] { machine_->stop(); });
    ASSERT_TRUE(loop_->run());
  }

  // Runs the loop until the guest has printed `text`, by the events of a test that has nothing else to wait
  // for.
  void run_until_printed(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (machine_->console_tail().find(text) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << machine_->console_tail();
      const Timer next_look = loop_->after(std::chrono::milliseconds(1), [this] { loop_->stop(); });
      ASSERT_TRUE(loop_->run());
    }
  }

  uint64_t count(const std::string& name) const {
    for (const Machine::Count& each : machine_->counters()) {
      if (each.name == name) {
        return each.value;
      }
    }
    return 0;
  }

  MachineConfig config_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<KvmMachine> machine_;
  int stops_ = 0;
  MachineStop stop_;
};

}  // namespace caisson::vmm
