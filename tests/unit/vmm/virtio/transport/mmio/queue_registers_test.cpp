// SPDX-License-Identifier: Apache-2.0
// What a driver may write of its queues, and when.
#include "vmm/virtio/transport/mmio/queue_registers.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::mmio {
namespace {

using Queue = QueueRegisters::Queue;

class MmioQueueRegisters : public ::testing::Test {
 protected:
  static constexpr std::array<uint16_t, 2> kSizes = {16, 64};

  MmioQueueRegisters() { set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK); }
  void set_status(uint32_t bits) { registers_page_.store(Register::Status, bits); }
  [[nodiscard]] uint32_t shown(Register offset) const { return registers_page_.load(offset); }

  void write(const VirtQueue::Config& config, uint32_t size) {
    queues_.set_size(size);
    address(&Queue::descriptors, to_u64(config.descriptors));
    address(&Queue::driver, to_u64(config.available));
    address(&Queue::device, to_u64(config.used));
  }
  void address(uint64_t Queue::*field, uint64_t value) {
    queues_.set_address(field, 0, static_cast<uint32_t>(value));
    queues_.set_address(field, 32, static_cast<uint32_t>(value >> 32U));
  }
  auto make(uint64_t features = VIRTIO_F_VERSION_1) {
    return queues_.make_queues(memory_.guest(), features, interrupt_);
  }
  int refusal() {
    const auto made = make();
    return made ? 0 : made.error().code;
  }

  alignas(4096) std::array<std::byte, kRegisterBytes> page_{};
  RegisterPage registers_page_{page_};
  test::FakeMemory memory_;
  test::FakeDriver driver_{memory_};
  test::CountingInterrupt interrupt_;
  QueueRegisters queues_{kSizes, registers_page_};
};

TEST_F(MmioQueueRegisters, selected_queue_shows_its_largest_size) {
  EXPECT_EQ(shown(Register::QueueNumMax), 16U);
  queues_.select(1);
  EXPECT_EQ(shown(Register::QueueNumMax), 64U);
  EXPECT_EQ(shown(Register::QueueReady), 0U);
}

TEST_F(MmioQueueRegisters, queue_that_does_not_exist_shows_0_and_takes_nothing) {
  for (const uint32_t index : {2U, UINT32_MAX}) {
    queues_.select(index);
    EXPECT_EQ(shown(Register::QueueNumMax), 0U);
    write(driver_.config(), 16);
    EXPECT_EQ(queues_.set_ready(1), QueueRegisters::Ready::as_written);
    EXPECT_EQ(shown(Register::QueueReady), 0U);
  }
  const auto made = make();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 2U);
  EXPECT_FALSE((*made)[0]);
  EXPECT_FALSE((*made)[1]);
}

TEST_F(MmioQueueRegisters, ready_queue_is_made_and_the_other_is_not) {
  write(driver_.config(), 16);
  EXPECT_EQ(queues_.set_ready(1), QueueRegisters::Ready::as_written);
  EXPECT_EQ(shown(Register::QueueReady), 1U);
  auto made = make();
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 2U);
  ASSERT_TRUE((*made)[0]);
  EXPECT_FALSE((*made)[1]);
  EXPECT_EQ((*made)[0]->size(), 16U);
  driver_.chain().out(test::as_bytes("x")).submit();
  auto chain = (*made)[0]->pop();
  ASSERT_TRUE(chain && *chain);
  (*made)[0]->push(std::move(**chain), 0);
}

TEST_F(MmioQueueRegisters, size_is_within_1_and_the_devices) {
  for (const uint32_t size : {0U, 17U, 32U, 0x10010U, UINT32_MAX}) {
    queues_.reset();
    write(driver_.config(), size);
    (void)queues_.set_ready(1);
    EXPECT_EQ(refusal(), EPROTO) << size;
  }
}

TEST_F(MmioQueueRegisters, nothing_is_written_before_features_are_agreed_or_once_the_driver_runs) {
  for (const uint32_t status : {0U, ACKNOWLEDGE | DRIVER, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK}) {
    set_status(status);
    write(driver_.config(), 16);
    EXPECT_EQ(queues_.set_ready(1), QueueRegisters::Ready::as_written);
    EXPECT_EQ(shown(Register::QueueReady), 0U) << status;
  }
  set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
  (void)queues_.set_ready(1);
  EXPECT_EQ(refusal(), EPROTO);  // of size 0: none of the above was kept
}

TEST_F(MmioQueueRegisters, ready_queue_keeps_what_was_written_before) {
  write(driver_.config(), 16);
  (void)queues_.set_ready(1);
  write({}, 0);
  EXPECT_TRUE(make());
  // Taken back, it may be written again.
  (void)queues_.set_ready(0);
  EXPECT_EQ(shown(Register::QueueReady), 0U);
  queues_.set_size(17);
  (void)queues_.set_ready(1);
  EXPECT_EQ(refusal(), EPROTO);
}

TEST_F(MmioQueueRegisters, ready_is_0_or_1) {
  write(driver_.config(), 16);
  (void)queues_.set_ready(2);
  EXPECT_EQ(shown(Register::QueueReady), 0U);
}

TEST_F(MmioQueueRegisters, live_queue_that_is_taken_back_is_told_of) {
  write(driver_.config(), 16);
  (void)queues_.set_ready(1);
  set_status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  EXPECT_EQ(queues_.set_ready(1), QueueRegisters::Ready::as_written);
  queues_.select(1);
  EXPECT_EQ(queues_.set_ready(0), QueueRegisters::Ready::as_written);  // was never ready
  queues_.select(0);
  EXPECT_EQ(queues_.set_ready(0), QueueRegisters::Ready::live_queue_taken_back);
  queues_.take_back();
  EXPECT_EQ(shown(Register::QueueReady), 0U);
  EXPECT_EQ(queues_.set_ready(0), QueueRegisters::Ready::as_written);
}

TEST_F(MmioQueueRegisters, reset_forgets_all_and_selects_the_first) {
  write(driver_.config(), 16);
  (void)queues_.set_ready(1);
  queues_.select(1);
  queues_.reset();
  EXPECT_EQ(shown(Register::QueueNumMax), 16U);
  EXPECT_EQ(shown(Register::QueueReady), 0U);
  (void)queues_.set_ready(1);
  EXPECT_EQ(refusal(), EPROTO);
}

TEST(MmioWithHalf, changes_one_half_alone) {
  constexpr uint64_t kWhole = 0x1111'2222'3333'4444;
  EXPECT_EQ(with_half(kWhole, 0, 0xaaaa'bbbb), 0x1111'2222'aaaa'bbbbU);
  EXPECT_EQ(with_half(kWhole, 32, 0xaaaa'bbbb), 0xaaaa'bbbb'3333'4444U);
}

}  // namespace
}  // namespace caisson::vmm::mmio
