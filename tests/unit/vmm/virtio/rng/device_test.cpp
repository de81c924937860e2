// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/rng/device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::rng {
namespace {

class rng : public ::testing::Test {
 protected:
  rng() {
    VirtioDevice::Activation activation;
    activation.memory = &memory_.guest();
    activation.queues.emplace_back(driver_.device_queue());
    activation.needs_reset = [this](std::string_view reason) { broken_ = reason; };
    EXPECT_TRUE(device_.activate(std::move(activation)));
  }

  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  test::FakeMemory memory_;
  test::FakeDriver driver_{memory_, {.size = 8, .event_index = false, .indirect = true}};
  Device device_{*loop_};
  std::string broken_;
};

TEST_F(rng, request_is_filled) {
  driver_.chain().in(32).in(32).submit();
  device_.on_kick(0);
  const auto used = driver_.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->written, 64U);
  // 64 random bytes with fewer than 16 values: once in longer than we wait.
  EXPECT_GT(std::set<std::byte>(used->data.begin(), used->data.end()).size(), 16U);
  EXPECT_EQ(driver_.interrupt.count, 1);
}

TEST_F(rng, request_larger_than_the_limit_gets_the_limit) {
  driver_.chain().in(4000).in(4000).submit();
  device_.on_kick(0);
  EXPECT_EQ(driver_.take_used()->written, Device::kMaxRequestBytes);
}

TEST_F(rng, request_without_room_gets_nothing) {
  driver_.chain().out(test::as_bytes("x")).submit();
  device_.on_kick(0);
  EXPECT_EQ(driver_.take_used()->written, 0U);
  EXPECT_EQ(broken_, "");
}

TEST_F(rng, broken_ring_needs_reset) {
  driver_.make_available(99);
  device_.on_kick(0);
  EXPECT_NE(broken_, "");
}

TEST_F(rng, many_requests_are_served_in_rounds) {
  for (int i = 0; i < 8; ++i) {
    driver_.chain().in(16).submit();
  }
  device_.on_kick(0);
  loop_->post([&] { loop_->stop(); });
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(driver_.used_index(), 8);
}

TEST_F(rng, reset_gives_back_the_state) {
  driver_.chain().in(16).submit();
  device_.on_kick(0);
  const auto states = device_.reset();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].next_available, 1);
  EXPECT_EQ(states[0].next_used, 1);
  device_.on_kick(0);
}

}  // namespace
}  // namespace caisson::vmm::rng
