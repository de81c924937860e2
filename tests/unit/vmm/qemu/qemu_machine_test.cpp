// SPDX-License-Identifier: Apache-2.0
// QemuMachine against stand-ins for QEMU (shell scripts): what it refuses, and how it tells each end.
// tests/devices/qemu tries the real QEMU.
#include "vmm/qemu/qemu_machine.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

class QemuMachineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "qemu-machine-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    write("kernel", "\177ELF");
    write("initramfs", "i");
    loop_ = EventLoop::create().value();
    config_.memory_bytes = 64U << 20U;
    config_.kernel = (folder_ / "kernel").string();
    config_.initramfs = (folder_ / "initramfs").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  // A program in QEMU's place. Its arguments tell it the descriptors: $CONSOLE, $MONITOR.
  QemuOptions stand_in(const std::string& script) {
    write("qemu",
          "#!/bin/bash\nfor a; do case $a in socket,id=console,fd=*) CONSOLE=${a##*=} ;; "
          "socket,id=monitor,fd=*) MONITOR=${a##*=} ;; esac; done\n" +
              script + "\n");
    ::chmod((folder_ / "qemu").c_str(), 0755);
    return {.accelerator = QemuAccelerator::tcg, .program = (folder_ / "qemu").string(), .confine = false};
  }

  MachineStop run(const std::string& script) {
    machine_ = QemuMachine::create(config_, *loop_, stand_in(script)).value();
    MachineStop seen;
    int calls = 0;
    EXPECT_TRUE(machine_->start([&](MachineStop stop) {
      seen = std::move(stop);
      ++calls;
      loop_->stop();
    }));
    EXPECT_TRUE(loop_->run());
    EXPECT_EQ(calls, 1);
    return seen;
  }

  std::string refusal() {
    auto machine = QemuMachine::create(config_, *loop_, stand_in("exit 0"));
    return machine ? "" : machine.error().message;
  }

  std::filesystem::path folder_;
  MachineConfig config_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<QemuMachine> machine_;
};

TEST_F(QemuMachineTest, missing_qemu_is_refused_with_the_remedy) {
  const auto machine = QemuMachine::create(config_, *loop_, {.program = "no-such-qemu"});
  ASSERT_FALSE(machine);
  EXPECT_THAT(machine.error().message, HasSubstr("install the package qemu-system-x86"));
}

TEST_F(QemuMachineTest, kernel_that_is_no_elf_file_is_refused_by_its_path) {
  write("kernel", "MZ");
  EXPECT_THAT(refusal(), HasSubstr(config_.kernel + ": not an ELF file"));
}

TEST_F(QemuMachineTest, missing_kernel_is_refused_by_its_path) {
  config_.kernel = "/no/such/vmlinux";
  EXPECT_THAT(refusal(), HasSubstr("open guest kernel /no/such/vmlinux: No such file"));
}

TEST_F(QemuMachineTest, memory_out_of_range_is_refused) {
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{1} << 20U, (uint64_t{64} << 20U) + 4096, uint64_t{1} << 50U}) {
    config_.memory_bytes = bytes;
    EXPECT_THAT(refusal(), HasSubstr("memory of")) << bytes;
  }
}

TEST_F(QemuMachineTest, cpus_out_of_range_are_refused) {
  config_.cpus = 0;
  EXPECT_THAT(refusal(), HasSubstr("CPUs"));
  config_.cpus = 65;
  EXPECT_THAT(refusal(), HasSubstr("CPUs"));
}

TEST_F(QemuMachineTest, orderly_exit_is_a_guest_reset) {
  EXPECT_EQ(run("exit 0").reason, StopReason::guest_reset);
}

TEST_F(QemuMachineTest, failure_is_a_machine_error_with_its_last_words) {
  const MachineStop stop = run("echo 'qemu: cannot set up guest memory' >&2; exit 1");
  EXPECT_EQ(stop.reason, StopReason::machine_error);
  EXPECT_EQ(stop.detail, "QEMU ended with status 1; it says: qemu: cannot set up guest memory");
}

TEST_F(QemuMachineTest, death_by_a_signal_is_a_machine_error) {
  const MachineStop stop = run("kill -SEGV $$");
  EXPECT_EQ(stop.reason, StopReason::machine_error);
  EXPECT_THAT(stop.detail, HasSubstr("signal 11"));
}

TEST_F(QemuMachineTest, shutdown_event_ends_the_machine_without_waiting_for_qemu) {
  const MachineStop stop = run(
      R"(echo '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}' >&$MONITOR; exec sleep 100)");
  EXPECT_EQ(stop.reason, StopReason::guest_reset);
  EXPECT_THAT(stop.detail, HasSubstr("guest-reset"));
}

TEST_F(QemuMachineTest, stop_event_is_a_machine_error) {
  EXPECT_EQ(run(R"(echo '{"event": "STOP"}' >&$MONITOR; exec sleep 100)").detail,
            "QEMU stopped the guest's CPUs");
}

TEST_F(QemuMachineTest, nonsense_on_the_monitor_is_a_machine_error) {
  EXPECT_THAT(run("echo nonsense >&$MONITOR; exec sleep 100").detail, HasSubstr("parse QEMU monitor line"));
}

TEST_F(QemuMachineTest, console_output_is_kept_and_made_harmless) {
  const MachineStop stop = run(R"(printf 'Kernel panic\033[2J\n' >&$CONSOLE; exit 0)");
  EXPECT_EQ(machine_->console_tail(), "Kernel panic?[2J\n");
  EXPECT_THAT(stop.detail, HasSubstr("the guest's console ends:\nKernel panic?[2J"));
}

TEST_F(QemuMachineTest, stop_reports_killed_on_the_loop_and_may_be_repeated) {
  machine_ = QemuMachine::create(config_, *loop_, stand_in("exec sleep 100")).value();
  std::vector<StopReason> seen;
  ASSERT_TRUE(machine_->start([&](const MachineStop& stop) {
    seen.push_back(stop.reason);
    loop_->stop();
  }));
  machine_->stop();
  machine_->stop();
  EXPECT_TRUE(seen.empty());
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(seen, std::vector{StopReason::killed});
  EXPECT_FALSE(machine_->pause());
}

TEST_F(QemuMachineTest, destruction_kills_and_reports_nothing) {
  machine_ = QemuMachine::create(config_, *loop_, stand_in("exec sleep 100")).value();
  ASSERT_TRUE(machine_->start([](const MachineStop&) { ADD_FAILURE() << "called after destruction"; }));
  machine_.reset();
  loop_->post([this] { loop_->stop(); });
  ASSERT_TRUE(loop_->run());
}

TEST_F(QemuMachineTest, machine_may_be_destroyed_by_its_own_stop_handler) {
  machine_ = QemuMachine::create(config_, *loop_, stand_in("exit 0")).value();
  ASSERT_TRUE(machine_->start([&](const MachineStop&) {
    machine_.reset();
    loop_->stop();
  }));
  ASSERT_TRUE(loop_->run());
}

TEST_F(QemuMachineTest, second_start_is_refused) {
  run("exit 0");
  EXPECT_FALSE(machine_->start([](const MachineStop&) {}));
}

}  // namespace
}  // namespace caisson::vmm
