// SPDX-License-Identifier: Apache-2.0
// The vsock device end to end: a fake guest on one side, sockets on the other.
#include "tests/unit/vmm/virtio/vsock/device_fixture.h"

namespace caisson::vmm::vsock {
namespace {

using test::FakeVsockGuest;

TEST_F(vsock, guest_connects_and_both_sides_talk) {
  connect_from_guest();
  guest_.send(packet(Op::rw), "hello host");
  EXPECT_EQ(host_reads(), "hello host");
  host_writes("hello guest");
  const auto answer = guest_.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.op, Op::rw);
  EXPECT_EQ(answer->payload, "hello guest");
  EXPECT_EQ(answer->header.src_cid, 2U);
  EXPECT_EQ(answer->header.dst_cid, 3U);
  EXPECT_EQ(answer->header.src_port, kHostPort);
  EXPECT_EQ(answer->header.dst_port, kGuestPort);
  EXPECT_EQ(answer->header.fwd_cnt, 10U);
  EXPECT_EQ(answer->header.buf_alloc, Muxer::kBufferBytes);
}

TEST_F(vsock, host_shutdown_is_end_of_file_after_all_bytes) {
  connect_from_guest();
  host_writes("last words");
  ::shutdown(host_.get(), SHUT_WR);
  EXPECT_EQ(guest_.receive()->payload, "last words");
  const auto end = guest_.receive();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->header.op, Op::shutdown);
  EXPECT_EQ(end->header.flags, kShutdownSend);
  // The other direction lives on.
  guest_.send(packet(Op::rw), "still here");
  EXPECT_EQ(host_reads(), "still here");
  guest_.send(packet(Op::shutdown, kShutdownSend));
  EXPECT_EQ(host_peeks(), 0);
  const auto last = guest_.receive();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->header.op, Op::shutdown);
  EXPECT_EQ(last->header.flags, kShutdownBoth);
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, guest_shutdown_is_end_of_file_after_all_bytes) {
  connect_from_guest();
  guest_.send(packet(Op::rw), "last words");
  guest_.send(packet(Op::shutdown, kShutdownSend));
  EXPECT_EQ(host_reads(), "last words");
  EXPECT_EQ(host_peeks(), 0);
  host_writes("still here");
  EXPECT_EQ(guest_.receive()->payload, "still here");
}

TEST_F(vsock, guest_that_sends_after_its_shutdown_is_reset) {
  connect_from_guest();
  guest_.send(packet(Op::shutdown, kShutdownSend));
  guest_.send(packet(Op::rw), "more");
  expect_reset();
}

TEST_F(vsock, guest_close_is_answered_by_rst_after_all_bytes) {
  connect_from_guest();
  guest_.send(packet(Op::rw), "last words");
  guest_.send(packet(Op::shutdown, kShutdownBoth));
  expect_reset();
  EXPECT_EQ(host_reads(), "last words");
  EXPECT_EQ(host_peeks(), 0);
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, guest_shutdown_in_two_steps_is_answered_by_rst) {
  connect_from_guest();
  guest_.send(packet(Op::shutdown, kShutdownReceive));
  expect_silence();
  EXPECT_LT(::send(host_.get(), "x", 1, MSG_NOSIGNAL), 0);
  guest_.send(packet(Op::shutdown, kShutdownSend));
  expect_reset();
}

TEST_F(vsock, host_close_is_a_full_shutdown) {
  connect_from_guest();
  host_writes("bye");
  host_.reset();
  // That nobody reads may be told before the last bytes; that nobody writes, only after.
  std::string text;
  uint32_t flags = 0;
  while (flags != kShutdownBoth) {
    const auto packet_seen = guest_.receive();
    ASSERT_TRUE(packet_seen);
    text += packet_seen->payload;
    if (packet_seen->header.op == Op::shutdown) {
      flags = packet_seen->header.flags;
      EXPECT_TRUE((flags & kShutdownSend) == 0 || text == "bye");
    }
  }
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, host_close_with_unread_bytes_is_reset) {
  connect_from_guest();
  guest_.send(packet(Op::rw), "never read");
  host_.reset();
  for (int i = 0; i < 3; ++i) {
    const auto answer = guest_.receive();
    ASSERT_TRUE(answer);
    if (answer->header.op == Op::rst) {
      break;
    }
    EXPECT_EQ(answer->header.op, Op::shutdown);
  }
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, guest_reset_closes_the_host_end) {
  connect_from_guest();
  guest_.send(packet(Op::rst));
  expect_silence();
  EXPECT_EQ(host_peeks(), 0);
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, credit_request_is_answered) {
  connect_from_guest();
  guest_.send(packet(Op::rw), "12345");
  guest_.send(packet(Op::credit_request));
  const auto answer = guest_.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.op, Op::credit_update);
  EXPECT_EQ(answer->header.fwd_cnt, 5U);
}

TEST_F(vsock, host_bytes_wait_for_the_guests_credit) {
  Header request = packet(Op::request);
  request.buf_alloc = 10;
  guest_.send(request);
  ASSERT_EQ(guest_.receive()->header.op, Op::response);
  guest_.loop().step();
  host_writes("0123456789abcdef");
  EXPECT_EQ(guest_.receive()->payload, "0123456789");
  EXPECT_EQ(guest_.receive()->header.op, Op::credit_request);
  expect_silence();
  Header update = packet(Op::credit_update);
  update.buf_alloc = 10;
  update.fwd_cnt = 4;
  guest_.send(update);
  EXPECT_EQ(guest_.receive()->payload, "abcd");
  EXPECT_EQ(guest_.receive()->header.op, Op::credit_request);
  update.fwd_cnt = 14;
  guest_.send(update);
  EXPECT_EQ(guest_.receive()->payload, "ef");
}

TEST_F(vsock, absurd_credit_of_the_guest_is_no_credit) {
  connect_from_guest();
  Header update = packet(Op::credit_update);
  update.fwd_cnt = 0xffff0000;  // more than was ever sent
  guest_.send(update);
  host_writes("hello");
  // A counter ahead of ours reads as 64 KiB in flight: within its 256 KiB, so that nothing breaks, here or
  // there.
  EXPECT_EQ(guest_.receive()->payload, "hello");
}

TEST_F(vsock, host_bytes_wait_for_receive_buffers) {
  FakeVsockGuest guest({.receive_buffers = 2,
                        .receive_buffer_bytes = 144,
                        .buffer_bytes = 65536,
                        .event_index = true,
                        .payload_bytes = 4096});
  UniqueFd host;
  ASSERT_TRUE(guest.muxer().on_guest_connect(kHostPort, [&](UniqueFd fd) { host = std::move(fd); }));
  guest.send(packet(Op::request));
  ASSERT_EQ(guest.receive()->header.op, Op::response);
  guest.loop().step();
  guest.keep_receive_buffers = true;
  const std::string text(250, 'y');
  ASSERT_EQ(::send(host.get(), text.data(), text.size(), 0), 250);
  EXPECT_EQ(guest.receive()->payload.size(), 100U);
  EXPECT_EQ(guest.receive()->payload.size(), 100U);
  EXPECT_FALSE(guest.receive());
  guest.offer_kept();
  EXPECT_EQ(guest.receive()->payload.size(), 50U);
}

TEST_F(vsock, device_reset_ends_every_connection) {
  connect_from_guest();
  guest_.device().reset();
  EXPECT_EQ(host_peeks(), 0);
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, handler_may_reset_the_device) {
  FakeVsockGuest guest;
  ASSERT_TRUE(guest.muxer().on_guest_connect(kHostPort, [&](UniqueFd) { guest.device().reset(); }));
  guest.send(packet(Op::request));
  guest.send(packet(Op::rw), "more");
  guest.loop().step();
  EXPECT_EQ(guest.muxer().connections(), 0U);
}

TEST_F(vsock, device_destroyed_with_connections_leaves_nothing) {
  connect_from_guest();
  guest_.destroy_device();
  EXPECT_EQ(host_peeks(), 0);
  guest_.loop().step();
}

TEST_F(vsock, config_space_holds_the_cid) {
  std::array<std::byte, 12> bytes{};
  bytes.fill(std::byte{0xff});
  guest_.device().read_config(0, bytes);
  EXPECT_EQ(bytes[0], std::byte{3});
  EXPECT_EQ(bytes[1], std::byte{0});
  EXPECT_EQ(bytes[11], std::byte{0});
  guest_.device().read_config(UINT64_MAX, bytes);
  EXPECT_EQ(bytes[0], std::byte{0});
}

}  // namespace
}  // namespace caisson::vmm::vsock
