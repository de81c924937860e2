// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/arguments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

namespace caisson::vmm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class NamedDevice final : public VirtioDevice {
 public:
  NamedDevice(VirtioDeviceId id, std::string tag) : id_(id), tag_(std::move(tag)) {}
  [[nodiscard]] VirtioDeviceId id() const override { return id_; }
  [[nodiscard]] std::string_view name() const override { return "named"; }
  [[nodiscard]] uint64_t features() const override { return 0; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return kSizes; }
  void read_config(uint64_t /*offset*/, std::span<std::byte> out) const override {
    std::memcpy(out.data(), tag_.data(), std::min(out.size(), tag_.size()));
  }
  Result<void> activate(Activation /*activation*/) override { return {}; }
  void on_kick(uint16_t /*index*/) override {}
  std::vector<VirtQueue::State> reset() override { return {}; }

 private:
  static constexpr std::array<uint16_t, 3> kSizes{128, 64, 64};
  VirtioDeviceId id_;
  std::string tag_;
};

MachineConfig config() {
  MachineConfig config;
  config.memory_bytes = 128U << 20U;
  return config;
}

std::vector<std::string> build(const MachineConfig& config, const QemuOptions& options = {},
                               const std::vector<QemuDevice>& devices = {}) {
  const QemuDescriptors descriptors{.memory = 6, .kernel = 7, .initramfs = 8, .console = 9, .monitor = 10};
  return qemu_arguments(config, options, descriptors, devices, 2'000'000).value();
}

TEST(QemuArguments, memory_is_shared_and_files_are_descriptors) {
  const auto arguments = build(config());
  EXPECT_THAT(arguments,
              Contains("memory-backend-file,id=ram,share=on,align=2M,size=128M,mem-path=/proc/self/fd/6"));
  EXPECT_THAT(arguments, Contains("/proc/self/fd/7"));
  EXPECT_THAT(arguments, Contains("/proc/self/fd/8"));
  EXPECT_THAT(arguments, Contains("socket,id=console,fd=9"));
}

TEST(QemuArguments, the_machine_is_as_large_as_its_guest_may_become) {
  MachineConfig large = config();
  large.max_memory_bytes = uint64_t{1} << 30;
  large.cpus = 2;
  large.max_cpus = 4;
  const auto arguments = build(large);
  EXPECT_THAT(arguments, Contains(HasSubstr("size=1024M")));
  EXPECT_THAT(arguments, Contains("1024M"));
  EXPECT_THAT(arguments, Contains("4"));
  EXPECT_THAT(arguments, Contains(HasSubstr(" memmap=128M maxcpus=2")));
}

TEST(QemuArguments, fs_has_its_tag_quoted_and_its_queues) {
  const NamedDevice fs(VirtioDeviceId::fs, "a,b");
  EXPECT_THAT(build(config(), {}, {{.device = &fs, .socket = 11}}),
              Contains("vhost-user-fs-device,tag=a,,b,queue-size=64,num-request-queues=2,chardev=vhost0"));
}

TEST(QemuArguments, device_qemu_cannot_carry_is_refused) {
  const NamedDevice balloon(VirtioDeviceId::balloon, "");
  const std::vector<QemuDevice> devices{{.device = &balloon, .socket = 11}};
  EXPECT_FALSE(qemu_arguments(config(), {}, {}, devices, 1));
}

TEST(QemuArguments, several_cpus_run_on_several_threads_under_tcg) {
  MachineConfig many = config();
  EXPECT_THAT(build(many), Contains(HasSubstr("tcg,thread=single")));
  many.cpus = 4;
  EXPECT_THAT(build(many), Contains(HasSubstr("tcg,thread=multi")));
  EXPECT_THAT(build(many, {.accelerator = QemuAccelerator::kvm, .program = "q"}), Contains("kvm"));
}

TEST(QemuArguments, counting_instructions_makes_the_clock_count_them) {
  MachineConfig counting = config();
  counting.count_instructions = true;
  EXPECT_THAT(build(counting), Contains("-icount"));
  EXPECT_THAT(build(counting), Contains(HasSubstr(" tsc_early_khz=1000000")));
}

TEST(QemuArguments, clock_frequencies_are_told_under_tcg_only) {
  EXPECT_THAT(build(config()), Contains(HasSubstr(" tsc_early_khz=2000000")));
  EXPECT_THAT(build(config(), {.accelerator = QemuAccelerator::kvm, .program = "q"}),
              Not(Contains(HasSubstr("khz"))));
}

}  // namespace
}  // namespace caisson::vmm
