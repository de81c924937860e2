// SPDX-License-Identifier: Apache-2.0
// The virtio-mmio transport against drivers that keep the rules and drivers that break them.
#include "vmm/virtio/transport/mmio/transport.h"

#include <gtest/gtest.h>

#include "tests/support/virtio/fake_device.h"
#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::mmio {
namespace {

constexpr uint32_t kUpToDriver = ACKNOWLEDGE | DRIVER;
constexpr uint32_t kUpToFeatures = kUpToDriver | FEATURES_OK;
constexpr uint32_t kAll = kUpToFeatures | DRIVER_OK;

class MmioTransport : public ::testing::Test {
 protected:
  [[nodiscard]] uint32_t read(Register offset) const {
    uint32_t value = 0;
    transport_.read(static_cast<uint32_t>(offset), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void write(Register offset, uint32_t value) {
    transport_.write(static_cast<uint32_t>(offset), std::as_bytes(std::span(&value, 1)));
  }

  void negotiate(uint64_t features = VIRTIO_F_VERSION_1) {
    write(Register::Status, ACKNOWLEDGE);
    write(Register::Status, kUpToDriver);
    write(Register::DriverFeaturesSel, 0);
    write(Register::DriverFeatures, static_cast<uint32_t>(features));
    write(Register::DriverFeaturesSel, 1);
    write(Register::DriverFeatures, static_cast<uint32_t>(features >> 32U));
    write(Register::Status, kUpToFeatures);
  }

  void set_up_queue(uint32_t index, const VirtQueue::Config& config) {
    write(Register::QueueSel, index);
    write(Register::QueueNum, config.size);
    write(Register::QueueDescLow, static_cast<uint32_t>(to_u64(config.descriptors)));
    write(Register::QueueDescHigh, static_cast<uint32_t>(to_u64(config.descriptors) >> 32U));
    write(Register::QueueDriverLow, static_cast<uint32_t>(to_u64(config.available)));
    write(Register::QueueDriverHigh, static_cast<uint32_t>(to_u64(config.available) >> 32U));
    write(Register::QueueDeviceLow, static_cast<uint32_t>(to_u64(config.used)));
    write(Register::QueueDeviceHigh, static_cast<uint32_t>(to_u64(config.used) >> 32U));
    write(Register::QueueReady, 1);
  }

  void start() {
    negotiate();
    set_up_queue(0, driver_.config());
    write(Register::Status, kAll);
  }

  void expect_needs_reset() const {
    EXPECT_EQ(read(Register::Status), kAll | DEVICE_NEEDS_RESET);
    EXPECT_EQ(read(Register::InterruptStatus) & kConfigChange, kConfigChange);
    EXPECT_EQ(complaints_.size(), 1U);
    EXPECT_FALSE(device_.activation);
  }

  alignas(4096) std::array<std::byte, kRegisterBytes> page_{};
  test::FakeMemory memory_;
  test::FakeDriver driver_{memory_};
  test::FakeDevice device_;
  int interrupts_ = 0;
  std::vector<std::string> complaints_;
  Transport transport_{
      device_, memory_.guest(), RegisterPage(page_),
      Transport::Host{.interrupt = [this] { ++interrupts_; },
                      .on_loop = [](const std::function<void()>& task) { task(); },
                      .complain = [this](std::string_view why) { complaints_.emplace_back(why); }}};
};

TEST_F(MmioTransport, identity_is_a_modern_device) {
  EXPECT_EQ(read(Register::MagicValue), 0x74726976U);
  EXPECT_EQ(read(Register::Version), 2U);
  EXPECT_EQ(read(Register::DeviceID), 3U);
  EXPECT_EQ(read(Register::Status), 0U);
  EXPECT_EQ(read(Register::SHMLenLow), UINT32_MAX);
  EXPECT_EQ(read(Register::SHMBaseHigh), UINT32_MAX);
}

TEST_F(MmioTransport, features_offered_are_the_devices_and_the_transports) {
  EXPECT_EQ(read(Register::DeviceFeatures), 0b101U | (1U << 28U) | (1U << 29U));
  write(Register::DeviceFeaturesSel, 1);
  EXPECT_EQ(read(Register::DeviceFeatures), 1U);
  write(Register::DeviceFeaturesSel, 2);
  EXPECT_EQ(read(Register::DeviceFeatures), 0U);
  write(Register::DeviceFeaturesSel, UINT32_MAX);
  EXPECT_EQ(read(Register::DeviceFeatures), 0U);
}

TEST_F(MmioTransport, feature_not_offered_fails_features_ok) {
  negotiate(VIRTIO_F_VERSION_1 | 0b10);
  EXPECT_EQ(read(Register::Status), kUpToDriver);
}

TEST_F(MmioTransport, features_without_version_1_fail_features_ok) {
  negotiate(0b101);
  EXPECT_EQ(read(Register::Status), kUpToDriver);
}

TEST_F(MmioTransport, features_after_features_ok_are_ignored) {
  negotiate();
  write(Register::DriverFeatures, 0);
  set_up_queue(0, driver_.config());
  write(Register::Status, kAll);
  ASSERT_TRUE(device_.activation);
  EXPECT_EQ(device_.activation->features, VIRTIO_F_VERSION_1);
}

TEST_F(MmioTransport, features_beyond_64_are_ignored) {
  write(Register::Status, ACKNOWLEDGE);
  write(Register::Status, kUpToDriver);
  write(Register::DriverFeaturesSel, 1);
  write(Register::DriverFeatures, 1);
  write(Register::DriverFeaturesSel, 2);
  write(Register::DriverFeatures, UINT32_MAX);
  write(Register::Status, kUpToFeatures);
  EXPECT_EQ(read(Register::Status), kUpToFeatures);
}

TEST_F(MmioTransport, status_out_of_order_is_ignored) {
  write(Register::Status, DRIVER);
  EXPECT_EQ(read(Register::Status), 0U);
  write(Register::Status, ACKNOWLEDGE | FEATURES_OK);
  EXPECT_EQ(read(Register::Status), 0U);
  write(Register::Status, ACKNOWLEDGE);
  write(Register::Status, ACKNOWLEDGE | DRIVER | DRIVER_OK);
  EXPECT_EQ(read(Register::Status), ACKNOWLEDGE);
  EXPECT_EQ(device_.activations, 0);
}

TEST_F(MmioTransport, status_bit_cannot_be_cleared) {
  negotiate();
  write(Register::Status, ACKNOWLEDGE);
  EXPECT_EQ(read(Register::Status), kUpToFeatures);
}

TEST_F(MmioTransport, needs_reset_cannot_be_set_by_the_driver) {
  write(Register::Status, ACKNOWLEDGE | DEVICE_NEEDS_RESET);
  EXPECT_EQ(read(Register::Status), ACKNOWLEDGE);
}

TEST_F(MmioTransport, failed_device_does_not_start) {
  negotiate();
  write(Register::Status, kUpToFeatures | FAILED);
  write(Register::Status, kAll | FAILED);
  EXPECT_EQ(device_.activations, 0);
}

TEST_F(MmioTransport, queue_registers_tell_the_selected_queue) {
  EXPECT_EQ(read(Register::QueueNumMax), 16U);
  write(Register::QueueSel, 1);
  EXPECT_EQ(read(Register::QueueNumMax), 64U);
  for (const uint32_t none : {2U, 1000U, UINT32_MAX}) {
    write(Register::QueueSel, none);
    EXPECT_EQ(read(Register::QueueNumMax), 0U);
    EXPECT_EQ(read(Register::QueueReady), 0U);
    write(Register::QueueReady, 1);
    EXPECT_EQ(read(Register::QueueReady), 0U);
  }
}

TEST_F(MmioTransport, queue_before_features_ok_is_ignored) {
  set_up_queue(0, driver_.config());
  EXPECT_EQ(read(Register::QueueReady), 0U);
}

TEST_F(MmioTransport, ready_queue_cannot_be_changed) {
  negotiate();
  set_up_queue(0, driver_.config());
  write(Register::QueueNum, 3);
  write(Register::QueueDescLow, 0);
  write(Register::Status, kAll);
  ASSERT_TRUE(device_.activation);
  EXPECT_EQ(device_.activation->queues[0]->size(), 16);
}

TEST_F(MmioTransport, queue_ready_takes_zero_and_one_only) {
  negotiate();
  write(Register::QueueReady, 2);
  EXPECT_EQ(read(Register::QueueReady), 0U);
}

TEST_F(MmioTransport, good_driver_starts_the_device) {
  start();
  EXPECT_EQ(read(Register::Status), kAll);
  ASSERT_TRUE(device_.activation);
  EXPECT_TRUE(device_.activation->queues[0]);
  EXPECT_FALSE(device_.activation->queues[1]);
}

TEST_F(MmioTransport, start_twice_activates_once) {
  start();
  write(Register::Status, kAll);
  EXPECT_EQ(device_.activations, 1);
}

TEST_F(MmioTransport, queue_of_a_bad_size_needs_reset) {
  for (const uint32_t size : {0U, 3U, 17U, 32U, 0x10010U, UINT32_MAX}) {
    SCOPED_TRACE(size);
    complaints_.clear();
    negotiate();
    auto config = driver_.config();
    set_up_queue(0, config);
    write(Register::QueueReady, 0);
    write(Register::QueueNum, size);
    write(Register::QueueReady, 1);
    write(Register::Status, kAll);
    expect_needs_reset();
    write(Register::Status, 0);
  }
}

TEST_F(MmioTransport, queue_outside_memory_needs_reset) {
  negotiate();
  auto config = driver_.config();
  config.used = GuestAddress{UINT64_MAX - 3};
  set_up_queue(0, config);
  write(Register::Status, kAll);
  expect_needs_reset();
}

TEST_F(MmioTransport, refused_activation_needs_reset) {
  device_.refuse_activation = true;
  start();
  expect_needs_reset();
}

TEST_F(MmioTransport, broken_ring_needs_reset_and_an_interrupt) {
  start();
  driver_.set_available_index(1000);
  write(Register::QueueNotify, 0);
  EXPECT_EQ(read(Register::Status), kAll | DEVICE_NEEDS_RESET);
  EXPECT_EQ(read(Register::InterruptStatus), kConfigChange);
  EXPECT_EQ(interrupts_, 1);
}

TEST_F(MmioTransport, used_buffer_is_told_and_acknowledged) {
  start();
  const std::array<std::byte, 2> data = {std::byte{1}, std::byte{2}};
  driver_.chain().out(data).in(2).submit();
  write(Register::QueueNotify, 0);
  EXPECT_EQ(interrupts_, 1);
  EXPECT_EQ(read(Register::InterruptStatus), kUsedBuffer);
  write(Register::InterruptACK, UINT32_MAX & ~kUsedBuffer);
  EXPECT_EQ(read(Register::InterruptStatus), kUsedBuffer);
  write(Register::InterruptACK, kUsedBuffer);
  EXPECT_EQ(read(Register::InterruptStatus), 0U);
  const auto used = driver_.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->data, (std::vector<std::byte>{std::byte{2}, std::byte{3}}));
}

TEST_F(MmioTransport, notification_of_no_queue_or_no_device_is_harmless) {
  write(Register::QueueNotify, 0);
  EXPECT_TRUE(device_.kicks.empty());
  start();
  write(Register::QueueNotify, 2);
  write(Register::QueueNotify, UINT32_MAX);
  EXPECT_TRUE(device_.kicks.empty());
}

TEST_F(MmioTransport, reset_forgets_everything) {
  start();
  write(Register::QueueSel, 1);
  transport_.raise();
  write(Register::Status, 0);
  EXPECT_EQ(device_.resets, 1);
  EXPECT_EQ(read(Register::Status), 0U);
  EXPECT_EQ(read(Register::InterruptStatus), 0U);
  EXPECT_EQ(read(Register::QueueNumMax), 16U);
  EXPECT_EQ(read(Register::QueueReady), 0U);
  start();
  EXPECT_EQ(device_.activations, 2);
  EXPECT_EQ(read(Register::Status), kAll);
}

TEST_F(MmioTransport, reset_after_needs_reset_heals) {
  start();
  driver_.set_available_index(1000);
  write(Register::QueueNotify, 0);
  write(Register::Status, 0);
  EXPECT_EQ(read(Register::Status), 0U);
  negotiate();
  EXPECT_EQ(read(Register::Status), kUpToFeatures);
}

TEST_F(MmioTransport, live_queue_taken_back_stops_the_device) {
  start();
  write(Register::QueueReady, 0);
  EXPECT_EQ(read(Register::QueueReady), 0U);
  EXPECT_FALSE(device_.activation);
}

TEST_F(MmioTransport, detach_resets_an_active_device_once) {
  start();
  transport_.detach();
  transport_.detach();
  EXPECT_EQ(device_.resets, 1);
}

TEST_F(MmioTransport, config_is_readable_at_any_width) {
  std::array<std::byte, 3> three{};
  transport_.read(kConfigStart + 4, three);
  EXPECT_EQ(three, (std::array{std::byte{'4'}, std::byte{'5'}, std::byte{'6'}}));
}

TEST_F(MmioTransport, config_write_reaches_the_device_and_changes_the_generation) {
  const uint32_t before = read(Register::ConfigGeneration);
  const std::array<std::byte, 1> byte = {std::byte{'x'}};
  transport_.write(kConfigStart + 2, byte);
  EXPECT_EQ(device_.config, "01x3456789");
  EXPECT_NE(read(Register::ConfigGeneration), before);
  std::array<std::byte, 1> seen{};
  transport_.read(kConfigStart + 2, seen);
  EXPECT_EQ(seen, byte);
}

TEST_F(MmioTransport, config_write_that_changes_nothing_keeps_the_generation) {
  const uint32_t before = read(Register::ConfigGeneration);
  transport_.write(kConfigStart + 200, std::array<std::byte, 4>{});
  EXPECT_EQ(read(Register::ConfigGeneration), before);
}

TEST_F(MmioTransport, access_of_another_width_or_alignment_reaches_no_register) {
  const std::array<std::byte, 8> bytes = {std::byte{1}};
  for (const size_t width : {1U, 2U, 8U}) {
    transport_.write(static_cast<uint32_t>(Register::Status), std::span(bytes).first(width));
  }
  transport_.write(static_cast<uint32_t>(Register::Status) + 1, std::span(bytes).first(4));
  EXPECT_EQ(read(Register::Status), 0U);
}

TEST_F(MmioTransport, read_past_the_page_gives_zeros) {
  std::array<std::byte, 8> bytes{};
  bytes.fill(std::byte{0xff});
  transport_.read(kRegisterBytes - 4, bytes);
  EXPECT_EQ(bytes, (std::array<std::byte, 8>{}));
  bytes.fill(std::byte{0xff});
  transport_.read(kRegisterBytes, bytes);
  EXPECT_EQ(bytes, (std::array<std::byte, 8>{}));
}

TEST_F(MmioTransport, write_to_a_read_only_register_is_ignored) {
  for (const Register offset : {Register::MagicValue, Register::DeviceFeatures, Register::QueueNumMax,
                                Register::InterruptStatus, Register::ConfigGeneration, Register::SHMLenLow}) {
    const uint32_t before = read(offset);
    write(offset, 0x5555'5555);
    EXPECT_EQ(read(offset), before);
  }
}

}  // namespace
}  // namespace caisson::vmm::mmio
