// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/credit.h"

#include <gtest/gtest.h>

namespace caisson::vmm::vsock {
namespace {

constexpr uint32_t kBuffer = 1000;

TEST(vsock_credit, guest_may_send_as_much_as_it_was_told_of_and_not_a_byte_more) {
  Credit credit(kBuffer);
  EXPECT_TRUE(credit.admits(kBuffer));
  EXPECT_FALSE(credit.admits(kBuffer + 1));
  credit.receive(400);
  EXPECT_TRUE(credit.admits(600));
  EXPECT_FALSE(credit.admits(601));
  credit.forward(100);
  EXPECT_TRUE(credit.admits(700));
  EXPECT_FALSE(credit.admits(701));
}

TEST(vsock_credit, counters_go_on_across_their_wrap) {
  Credit credit(kBuffer);
  for (uint64_t sent = 0; sent < (uint64_t{1} << 32) + kBuffer; sent += uint64_t{1} << 20) {
    credit.receive(1U << 20);
    credit.forward(1U << 20);
  }
  credit.receive(kBuffer - 1);
  EXPECT_TRUE(credit.admits(1));
  EXPECT_FALSE(credit.admits(2));
}

TEST(vsock_credit, update_is_due_once_half_has_been_forwarded_since_the_guest_heard) {
  Credit credit(kBuffer);
  credit.receive(kBuffer);
  credit.forward(kBuffer / 2 - 1);
  EXPECT_FALSE(credit.is_update_due());
  credit.forward(1);
  EXPECT_TRUE(credit.is_update_due());
  Header packet{};
  credit.stamp(packet);
  EXPECT_EQ(uint32_t{packet.fwd_cnt}, kBuffer / 2);
  EXPECT_EQ(uint32_t{packet.buf_alloc}, kBuffer);
  EXPECT_FALSE(credit.is_update_due());
}

TEST(vsock_credit, we_send_what_the_guest_has_room_for) {
  Credit credit(kBuffer);
  EXPECT_EQ(credit.left(), 0U);  // until the guest has spoken
  credit.hear({.buf_alloc = 100, .fwd_cnt = 0});
  EXPECT_EQ(credit.left(), 100U);
  credit.send(60);
  EXPECT_EQ(credit.left(), 40U);
  credit.hear({.buf_alloc = 100, .fwd_cnt = 50});
  EXPECT_EQ(credit.left(), 90U);
}

TEST(vsock_credit, guest_that_shrinks_its_buffer_below_what_is_under_way_has_no_room) {
  Credit credit(kBuffer);
  credit.hear({.buf_alloc = 100, .fwd_cnt = 0});
  credit.send(60);
  credit.hear({.buf_alloc = 60, .fwd_cnt = 0});
  EXPECT_EQ(credit.left(), 0U);
  credit.hear({.buf_alloc = 10, .fwd_cnt = 0});
  EXPECT_EQ(credit.left(), 0U);
  // It claims to have taken more than it was sent.
  credit.hear({.buf_alloc = 100, .fwd_cnt = 61});
  EXPECT_EQ(credit.left(), 0U);
}

TEST(vsock_credit, guest_is_asked_for_room_once_until_it_has_some) {
  Credit credit(kBuffer);
  EXPECT_TRUE(credit.ask());
  EXPECT_FALSE(credit.ask());
  credit.hear({.buf_alloc = 0, .fwd_cnt = 0});
  EXPECT_FALSE(credit.ask());
  credit.hear({.buf_alloc = 1, .fwd_cnt = 0});
  EXPECT_TRUE(credit.ask());
}

}  // namespace
}  // namespace caisson::vmm::vsock
