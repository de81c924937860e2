// SPDX-License-Identifier: Apache-2.0
// The vsock device end to end: a fake guest on one side, sockets on the other. Malformed packets first.
#include "vmm/devices/virtio/vsock/device.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/virtio/fake_vsock_guest.h"

namespace caisson::vmm::vsock {
namespace {

using test::as_bytes;
using test::FakeVsockGuest;
using test::VsockPacket;

constexpr uint32_t kHostPort = 1024;    // with a handler
constexpr uint32_t kGuestPort = 50000;  // where the guest connects from

class vsock : public ::testing::Test {
 protected:
  vsock() {
    EXPECT_TRUE(guest_.muxer().on_guest_connect(kHostPort, [this](UniqueFd fd) { host_ = std::move(fd); }));
  }

  static Header packet(Op op, uint32_t flags = 0) {
    return {.src_port = kGuestPort, .dst_port = kHostPort, .op = op, .flags = flags};
  }
  void expect_reset() {
    const auto answer = guest_.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header.op, Op::rst);
  }
  void expect_silence() { EXPECT_FALSE(guest_.receive()); }
  // The guest connects; host_ is the host's end.
  void connect_from_guest() {
    guest_.send(packet(Op::request));
    const auto answer = guest_.receive();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->header.op, Op::response);
    guest_.loop().step();
    ASSERT_TRUE(host_);
  }
  std::string host_reads(size_t size = 4096) {
    std::string text(size, '\0');
    const ssize_t n = ::recv(host_.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }
  // 0: end of file; -1: nothing to read.
  ssize_t host_peeks() {
    char byte = 0;
    return ::recv(host_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  }
  void host_writes(std::string_view text) {
    ASSERT_EQ(::send(host_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  FakeVsockGuest guest_;
  UniqueFd host_;
};

TEST_F(vsock, chain_without_a_header_needs_reset) {
  guest_.transmit_driver().chain().out(as_bytes("short")).submit();
  guest_.device().on_kick(1);
  EXPECT_NE(guest_.broken, "");
  EXPECT_EQ(guest_.transmit_driver().used_index(), 1);
}

TEST_F(vsock, length_beyond_the_chain_needs_reset) {
  Header header = guest_.complete(packet(Op::rw));
  header.len = 100;
  guest_.send_raw(header, "ten bytes.");
  EXPECT_NE(guest_.broken, "");
}

TEST_F(vsock, broken_device_is_deaf_until_reset) {
  guest_.transmit_driver().chain().out(as_bytes("short")).submit();
  guest_.device().on_kick(1);
  guest_.send(packet(Op::request));
  expect_silence();
}

TEST_F(vsock, receive_buffer_without_room_needs_reset) {
  FakeVsockGuest guest({.receive_buffers = 4,
                        .receive_buffer_bytes = 44,
                        .buffer_bytes = 4096,
                        .event_index = false,
                        .payload_bytes = 4096});
  guest.send(packet(Op::rw));
  EXPECT_NE(guest.broken, "");
}

TEST_F(vsock, unknown_type_is_reset) {
  Header header = packet(Op::request);
  header.type = 7;
  guest_.send(header);
  expect_reset();
}

TEST_F(vsock, seqpacket_is_reset) {
  Header header = packet(Op::request);
  header.type = 2;
  guest_.send(header);
  expect_reset();
}

TEST_F(vsock, unknown_op_on_a_connection_is_reset) {
  connect_from_guest();
  guest_.send(packet(static_cast<Op>(99)));
  expect_reset();
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock, unknown_op_without_a_connection_is_reset) {
  guest_.send(packet(static_cast<Op>(99)));
  expect_reset();
}

TEST_F(vsock, rst_without_a_connection_is_not_answered) {
  guest_.send(packet(Op::rst));
  expect_silence();
}

TEST_F(vsock, source_cid_of_another_is_dropped) {
  Header header = packet(Op::request);
  header.src_cid = 9;
  guest_.send(header);
  expect_silence();
  EXPECT_EQ(guest_.muxer().dropped_packets(), 1U);
}

TEST_F(vsock, destination_cid_of_another_is_reset) {
  Header header = packet(Op::request);
  header.dst_cid = 4;
  guest_.send(header);
  expect_reset();
}

TEST_F(vsock, port_without_a_handler_is_reset) {
  Header header = packet(Op::request);
  header.dst_port = 99;
  guest_.send(header);
  const auto answer = guest_.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.op, Op::rst);
  EXPECT_EQ(answer->header.src_port, 99U);
  EXPECT_EQ(answer->header.dst_port, kGuestPort);
}

TEST_F(vsock, request_for_a_port_in_use_is_reset) {
  connect_from_guest();
  guest_.send(packet(Op::request));
  expect_reset();
  EXPECT_EQ(host_peeks(), 0);
}

TEST_F(vsock, data_without_a_connection_is_reset) {
  guest_.send(packet(Op::rw), "hello");
  expect_reset();
}

TEST_F(vsock, more_than_the_credit_is_reset) {
  connect_from_guest();
  const std::string chunk(FakeVsockGuest::kMaxPayload, 'x');
  // The host does not read: its socket takes some, the ring 256 KiB; then the guest is out of credit.
  std::optional<VsockPacket> packet_seen;
  for (int i = 0; i < 100 && (!packet_seen || packet_seen->header.op != Op::rst); ++i) {
    guest_.send(packet(Op::rw), chunk);
    packet_seen = guest_.take();
    EXPECT_LE(guest_.muxer().buffered_bytes(), Muxer::kBufferBytes);
  }
  ASSERT_TRUE(packet_seen);
  EXPECT_EQ(packet_seen->header.op, Op::rst);
  EXPECT_EQ(guest_.broken, "");
}

TEST_F(vsock, data_of_no_bytes_is_nothing) {
  connect_from_guest();
  guest_.send(packet(Op::rw));
  expect_silence();
  EXPECT_EQ(host_peeks(), -1);
}

TEST_F(vsock, more_guest_connections_than_the_limit_are_reset) {
  Header header = packet(Op::request);
  std::vector<UniqueFd> kept;
  for (size_t i = 0; i < Muxer::kMaxGuestConnections; ++i) {
    header.src_port = static_cast<uint32_t>(1000 + i);
    guest_.send(header);
    ASSERT_EQ(guest_.receive()->header.op, Op::response);
    guest_.loop().step();
    kept.push_back(std::move(host_));
  }
  header.src_port = 5;
  guest_.send(header);
  expect_reset();
}

TEST_F(vsock, guest_that_takes_no_resets_is_not_listened_to) {
  FakeVsockGuest guest({.receive_buffers = 0,
                        .receive_buffer_bytes = 3776,
                        .buffer_bytes = 4096,
                        .event_index = true,
                        .payload_bytes = 4096});
  size_t sent = 0;
  for (; sent < 2 * Muxer::kMaxStrayResets && guest.can_send(); ++sent) {
    guest.send(packet(Op::rw));
  }
  EXPECT_EQ(sent, Muxer::kMaxStrayResets + 16);  // the fake guest's sixteen buffers are not taken
}

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
