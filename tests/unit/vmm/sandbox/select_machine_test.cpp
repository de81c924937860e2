// SPDX-License-Identifier: Apache-2.0
// The choice between the machines, on whatever this host offers: what is promised holds with KVM and without.
#include "vmm/sandbox/select_machine.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "vmm/kvm/self_test/self_test.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

class SelectMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.memory_bytes = uint64_t{64} << 20;
    config_.kernel = config_.initramfs = "/proc/self/exe";  // never started
  }
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  MachineConfig config_;
};

TEST_F(SelectMachine, automatic_takes_working_kvm_silently_and_announces_anything_else) {
  const KvmVerdict verdict = test_kvm();
  const auto selected = select_machine(Hypervisor::automatic, config_, *loop_);
  ASSERT_TRUE(selected) << selected.error().message;
  if (verdict.is_usable()) {
    EXPECT_EQ(selected->name, "kvm");
    EXPECT_TRUE(selected->announcement.empty());
  } else {
    EXPECT_EQ(selected->name, "qemu");
    EXPECT_THAT(selected->announcement, HasSubstr(verdict.reason()));
    EXPECT_THAT(selected->announcement, HasSubstr("slower"));
  }
}

TEST_F(SelectMachine, kvm_asked_for_is_taken_or_refused_with_the_remedy) {
  const KvmVerdict verdict = test_kvm();
  const auto selected = select_machine(Hypervisor::kvm, config_, *loop_);
  if (verdict.is_usable()) {
    ASSERT_TRUE(selected) << selected.error().message;
    EXPECT_EQ(selected->name, "kvm");
  } else {
    ASSERT_FALSE(selected);
    EXPECT_THAT(selected.error().message, HasSubstr(verdict.reason()));
    EXPECT_THAT(selected.error().message, HasSubstr("choose the hypervisor qemu or auto"));
  }
}

TEST_F(SelectMachine, qemu_asked_for_is_taken_without_an_announcement) {
  const auto selected = select_machine(Hypervisor::qemu, config_, *loop_);
  ASSERT_TRUE(selected) << selected.error().message;
  EXPECT_EQ(selected->name, "qemu");
  EXPECT_TRUE(selected->announcement.empty());
}

}  // namespace
}  // namespace caisson::vmm
