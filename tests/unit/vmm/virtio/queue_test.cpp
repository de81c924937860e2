// SPDX-License-Identifier: Apache-2.0
// The queue walk: malformed rings first, one per rule of [virtio-1.2] 2.7, then order, wrap and
// notifications.
#include "vmm/virtio/queue.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm {
namespace {

using test::as_bytes;
using test::FakeDriver;
using test::FakeMemory;

class virtqueue : public ::testing::Test {
 protected:
  // One descriptor as head 0, made available; what the walk says of it.
  Result<std::optional<Chain>> pop_descriptor(vring_desc descriptor) {
    driver_.set_descriptor(0, descriptor);
    driver_.make_available(0);
    return queue_.pop();
  }
  // The walk must refuse, and refuse again: nothing has moved.
  void expect_breach() {
    EXPECT_FALSE(queue_.pop());
    EXPECT_FALSE(queue_.pop());
    EXPECT_EQ(queue_.state().next_available, 0);
  }

  FakeMemory memory_;
  FakeDriver driver_{memory_};
  VirtQueue queue_ = driver_.device_queue();
  uint64_t buffer_ = memory_.allocate(4096);
};

std::string text_of(const Chain& chain) {
  std::string text(chain.readable_bytes(), '\0');
  EXPECT_EQ(chain.copy_out(0, std::as_writable_bytes(std::span(text))), text.size());
  return text;
}

TEST_F(virtqueue, size_not_a_power_of_two_is_refused) {
  for (const uint16_t size : std::to_array<uint16_t>({0, 3, 24, 65535})) {
    auto config = driver_.config();
    config.size = size;
    EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt)) << size;
  }
}

TEST_F(virtqueue, size_above_the_offered_is_refused) {
  auto config = driver_.config();
  config.max_size = 8;
  EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
}

TEST_F(virtqueue, misaligned_ring_is_refused) {
  auto config = driver_.config();
  config.descriptors = GuestAddress{to_u64(config.descriptors) + 8};
  EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
  config = driver_.config();
  config.available = GuestAddress{to_u64(config.available) + 1};
  EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
  config = driver_.config();
  config.used = GuestAddress{to_u64(config.used) + 2};
  EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
}

TEST_F(virtqueue, ring_outside_memory_is_refused) {
  for (GuestAddress VirtQueue::Config::*ring :
       {&VirtQueue::Config::descriptors, &VirtQueue::Config::available, &VirtQueue::Config::used}) {
    auto config = driver_.config();
    config.*ring = GuestAddress{FakeMemory::kStart + (1 << 20) - 16};
    EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
    config.*ring = GuestAddress{UINT64_MAX - 15};
    EXPECT_FALSE(VirtQueue::create(memory_.guest(), config, driver_.interrupt));
  }
}

TEST_F(virtqueue, available_index_more_than_a_ring_ahead_is_refused) {
  driver_.set_available_index(17);
  expect_breach();
}

TEST_F(virtqueue, available_index_behind_is_refused) {
  driver_.set_available_index(0xffff);
  expect_breach();
}

TEST_F(virtqueue, head_outside_the_table_is_refused) {
  driver_.make_available(16);
  expect_breach();
}

TEST_F(virtqueue, next_outside_the_table_is_refused) {
  driver_.set_descriptor(0, {.addr = buffer_, .len = 4, .flags = VRING_DESC_F_NEXT, .next = 16});
  driver_.make_available(0);
  expect_breach();
}

TEST_F(virtqueue, buffer_outside_memory_is_refused) {
  EXPECT_FALSE(pop_descriptor({.addr = 0, .len = 4, .flags = 0, .next = 0}));
}

TEST_F(virtqueue, buffer_past_the_end_is_refused) {
  EXPECT_FALSE(pop_descriptor({.addr = FakeMemory::kStart, .len = (1 << 20) + 1, .flags = 0, .next = 0}));
}

TEST_F(virtqueue, buffer_that_wraps_is_refused) {
  EXPECT_FALSE(pop_descriptor({.addr = UINT64_MAX - 3, .len = 8, .flags = 0, .next = 0}));
}

TEST_F(virtqueue, descriptor_of_no_bytes_is_refused) {
  EXPECT_FALSE(pop_descriptor({.addr = buffer_, .len = 0, .flags = 0, .next = 0}));
}

TEST_F(virtqueue, descriptor_that_names_itself_is_refused) {
  driver_.set_descriptor(0, {.addr = buffer_, .len = 4, .flags = VRING_DESC_F_NEXT, .next = 0});
  driver_.make_available(0);
  expect_breach();
}

TEST_F(virtqueue, loop_of_descriptors_is_refused) {
  driver_.set_descriptor(0, {.addr = buffer_, .len = 4, .flags = VRING_DESC_F_NEXT, .next = 1});
  driver_.set_descriptor(1, {.addr = buffer_, .len = 4, .flags = VRING_DESC_F_NEXT, .next = 0});
  driver_.make_available(0);
  expect_breach();
}

TEST_F(virtqueue, readable_after_writable_is_refused) {
  driver_.chain().in_at(buffer_, 8).out_at(buffer_, 8).submit();
  expect_breach();
}

TEST_F(virtqueue, indirect_without_the_feature_is_refused) {
  FakeDriver driver(memory_, {.size = 8, .event_index = false, .indirect = false});
  VirtQueue queue = driver.device_queue();
  driver.chain().out_at(buffer_, 8).submit_indirect();
  EXPECT_FALSE(queue.pop());
}

TEST_F(virtqueue, indirect_inside_indirect_is_refused) {
  const uint64_t table = memory_.allocate(32);
  driver_.set_descriptor_in(table, 0, {.addr = table, .len = 16, .flags = VRING_DESC_F_INDIRECT, .next = 0});
  driver_.set_descriptor(0, {.addr = table, .len = 16, .flags = VRING_DESC_F_INDIRECT, .next = 0});
  driver_.make_available(0);
  expect_breach();
}

TEST_F(virtqueue, indirect_with_next_is_refused) {
  const uint64_t table = memory_.allocate(16);
  driver_.set_descriptor_in(table, 0, {.addr = buffer_, .len = 16, .flags = 0, .next = 0});
  EXPECT_FALSE(pop_descriptor(
      {.addr = table, .len = 16, .flags = VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, .next = 1}));
}

TEST_F(virtqueue, indirect_table_of_odd_or_no_or_huge_length_is_refused) {
  for (const uint32_t length : {0U, 8U, 17U, 0xfffffff0U}) {
    FakeDriver driver(memory_);
    VirtQueue queue = driver.device_queue();
    driver.set_descriptor(0, {.addr = buffer_, .len = length, .flags = VRING_DESC_F_INDIRECT, .next = 0});
    driver.make_available(0);
    EXPECT_FALSE(queue.pop()) << length;
  }
}

TEST_F(virtqueue, indirect_table_outside_memory_is_refused) {
  EXPECT_FALSE(pop_descriptor({.addr = 16, .len = 16, .flags = VRING_DESC_F_INDIRECT, .next = 0}));
}

TEST_F(virtqueue, indirect_loop_is_refused) {
  const uint64_t table = memory_.allocate(32);
  driver_.set_descriptor_in(table, 0, {.addr = buffer_, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 1});
  driver_.set_descriptor_in(table, 1, {.addr = buffer_, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 0});
  EXPECT_FALSE(pop_descriptor({.addr = table, .len = 32, .flags = VRING_DESC_F_INDIRECT, .next = 0}));
}

TEST_F(virtqueue, indirect_chain_longer_than_the_limit_is_refused) {
  auto builder = driver_.chain();
  for (size_t i = 0; i < Chain::kMaxParts + 1; ++i) {
    builder.out_at(buffer_, 1);
  }
  builder.submit_indirect();
  expect_breach();
}

TEST_F(virtqueue, indirect_chain_at_the_limit_is_taken) {
  auto builder = driver_.chain();
  for (size_t i = 0; i < Chain::kMaxParts; ++i) {
    builder.out_at(buffer_, 1);
  }
  builder.submit_indirect();
  auto chain = queue_.pop().value();
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->readable_bytes(), Chain::kMaxParts);
  queue_.push(std::move(*chain), 0);
}

TEST_F(virtqueue, chain_of_4_gib_is_refused) {
  FakeMemory large(64 << 20);
  FakeDriver driver(large, {.size = 128, .event_index = false, .indirect = true});
  VirtQueue queue = driver.device_queue();
  auto builder = driver.chain();
  for (int i = 0; i < 65; ++i) {
    builder.out_at(FakeMemory::kStart, 64 << 20);
  }
  builder.submit();
  EXPECT_FALSE(queue.pop());
}

TEST_F(virtqueue, empty_ring_gives_none) {
  EXPECT_FALSE(queue_.pop().value());
}

TEST_F(virtqueue, direct_then_indirect_parts_make_one_chain) {
  // [virtio-1.2] 2.7.5.3.2: normal descriptors followed by one indirect.
  const uint64_t table = memory_.allocate(32);
  memory_.write(buffer_, as_bytes("ab"));
  memory_.write(buffer_ + 100, as_bytes("cd"));
  driver_.set_descriptor(0, {.addr = buffer_, .len = 2, .flags = VRING_DESC_F_NEXT, .next = 5});
  driver_.set_descriptor(5, {.addr = table, .len = 32, .flags = VRING_DESC_F_INDIRECT, .next = 0});
  driver_.set_descriptor_in(table, 0,
                            {.addr = buffer_ + 100, .len = 2, .flags = VRING_DESC_F_NEXT, .next = 1});
  driver_.set_descriptor_in(table, 1,
                            {.addr = buffer_ + 200, .len = 7, .flags = VRING_DESC_F_WRITE, .next = 0});
  driver_.make_available(0);
  auto chain = queue_.pop().value();
  ASSERT_TRUE(chain);
  EXPECT_EQ(text_of(*chain), "abcd");
  EXPECT_EQ(chain->writable_bytes(), 7U);
  queue_.push(std::move(*chain), 7);
}

TEST_F(virtqueue, neighbouring_buffers_become_one_part) {
  driver_.chain()
      .out_at(buffer_, 8)
      .out_at(buffer_ + 8, 8)
      .in_at(buffer_ + 16, 8)
      .in_at(buffer_ + 24, 8)
      .submit();
  auto chain = queue_.pop().value();
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->readable().size(), 1U);
  EXPECT_EQ(chain->writable().size(), 1U);
  EXPECT_EQ(chain->readable_bytes(), 16U);
  EXPECT_EQ(chain->writable_bytes(), 16U);
  queue_.push(std::move(*chain), 0);
}

TEST_F(virtqueue, copies_stop_at_the_chain_end) {
  driver_.chain().out(as_bytes("hello")).out(as_bytes("world")).in(3).in(3).submit();
  auto chain = queue_.pop().value();
  ASSERT_TRUE(chain);
  std::array<char, 16> out{};
  EXPECT_EQ(chain->copy_out(3, std::as_writable_bytes(std::span(out))), 7U);
  EXPECT_STREQ(out.data(), "loworld");
  EXPECT_EQ(chain->copy_out(10, std::as_writable_bytes(std::span(out))), 0U);
  EXPECT_EQ(chain->copy_in(0, as_bytes("ab")), 2U);
  EXPECT_EQ(chain->copy_in(2, as_bytes("cdefgh")), 4U);
  queue_.push(std::move(*chain), 6);
  const auto used = driver_.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(std::memcmp(used->data.data(), "abcdef", 6), 0);
}

TEST_F(virtqueue, many_rounds_wrap_both_indices) {
  for (int i = 0; i < 70000; ++i) {
    const uint16_t head = driver_.chain().out_at(buffer_, 4).in_at(buffer_ + 64, 4).submit();
    auto chain = queue_.pop().value();
    ASSERT_TRUE(chain) << i;
    queue_.push(std::move(*chain), 4);
    const auto used = driver_.take_used();
    ASSERT_TRUE(used);
    ASSERT_EQ(used->head, head);
    ASSERT_EQ(used->written, 4U);
  }
}

TEST_F(virtqueue, chains_may_be_pushed_out_of_order) {
  const uint16_t first = driver_.chain().in_at(buffer_, 4).submit();
  const uint16_t second = driver_.chain().in_at(buffer_, 4).submit();
  auto a = queue_.pop().value();
  auto b = queue_.pop().value();
  ASSERT_TRUE(a && b);
  queue_.push(std::move(*b), 1);
  queue_.push(std::move(*a), 2);
  EXPECT_EQ(driver_.take_used()->head, second);
  EXPECT_EQ(driver_.take_used()->head, first);
}

TEST_F(virtqueue, undone_pop_comes_again) {
  driver_.chain().out(as_bytes("x")).submit();
  queue_.undo_pop(std::move(*queue_.pop().value()));
  EXPECT_EQ(queue_.state().next_available, 0);
  auto chain = queue_.pop().value();
  ASSERT_TRUE(chain);
  EXPECT_EQ(text_of(*chain), "x");
  queue_.push(std::move(*chain), 0);
}

TEST_F(virtqueue, restored_state_continues) {
  for (int i = 0; i < 5; ++i) {
    driver_.chain().in_at(buffer_, 4).submit();
    queue_.push(std::move(*queue_.pop().value()), 0);
  }
  driver_.chain().in_at(buffer_, 4).submit();
  auto config = driver_.config();
  config.next_available = queue_.state().next_available;
  config.next_used = queue_.state().next_used;
  VirtQueue restored = VirtQueue::create(memory_.guest(), config, driver_.interrupt).value();
  restored.push(std::move(*restored.pop().value()), 4);
  EXPECT_EQ(driver_.used_index(), 6);
}

TEST_F(virtqueue, notify_raises_once_per_batch_and_not_for_nothing) {
  queue_.notify();
  EXPECT_EQ(driver_.interrupt.count, 0);
  for (int i = 0; i < 2; ++i) {
    driver_.chain().in_at(buffer_, 4).submit();
    queue_.push(std::move(*queue_.pop().value()), 0);
  }
  queue_.notify();
  queue_.notify();
  EXPECT_EQ(driver_.interrupt.count, 1);
}

TEST_F(virtqueue, notify_respects_the_no_interrupt_flag) {
  driver_.set_available_flags(VRING_AVAIL_F_NO_INTERRUPT);
  driver_.chain().in_at(buffer_, 4).submit();
  queue_.push(std::move(*queue_.pop().value()), 0);
  queue_.notify();
  EXPECT_EQ(driver_.interrupt.count, 0);
}

TEST_F(virtqueue, kick_flag_follows_enable_and_disable) {
  queue_.disable_kicks();
  EXPECT_EQ(driver_.used_flags(), VRING_USED_F_NO_NOTIFY);
  EXPECT_FALSE(queue_.enable_kicks());
  EXPECT_EQ(driver_.used_flags(), 0);
  driver_.chain().in_at(buffer_, 4).submit();
  EXPECT_TRUE(queue_.enable_kicks());
}

TEST_F(virtqueue, event_index_raises_only_when_passed) {
  FakeDriver driver(memory_, {.size = 16, .event_index = true, .indirect = false});
  VirtQueue queue = driver.device_queue();
  const auto push_one = [&] {
    driver.chain().in_at(buffer_, 4).submit();
    queue.push(std::move(*queue.pop().value()), 0);
    queue.notify();
    driver.take_used();
  };
  driver.set_used_event(0);
  push_one();
  EXPECT_EQ(driver.interrupt.count, 1);
  driver.set_used_event(3);
  push_one();
  push_one();
  EXPECT_EQ(driver.interrupt.count, 1);
  push_one();
  EXPECT_EQ(driver.interrupt.count, 2);
}

TEST_F(virtqueue, event_index_asks_for_the_next_kick) {
  FakeDriver driver(memory_, {.size = 16, .event_index = true, .indirect = false});
  VirtQueue queue = driver.device_queue();
  driver.chain().in_at(buffer_, 4).submit();
  queue.push(std::move(*queue.pop().value()), 0);
  EXPECT_FALSE(queue.enable_kicks());
  EXPECT_EQ(driver.available_event(), 1);
}

#ifndef NDEBUG
TEST_F(virtqueue, chain_dropped_is_our_bug) {
  driver_.chain().in_at(buffer_, 4).submit();
  EXPECT_DEATH({ (void)queue_.pop(); }, "dropped before it was pushed");
}
#endif

}  // namespace
}  // namespace caisson::vmm
