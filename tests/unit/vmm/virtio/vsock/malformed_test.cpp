// SPDX-License-Identifier: Apache-2.0
// Packets a driver has no business sending: each is reset, dropped or ends the device, as virtio 1.2 says.
#include "tests/unit/vmm/virtio/vsock/device_fixture.h"

namespace caisson::vmm::vsock {
namespace {

using test::as_bytes;
using test::FakeVsockGuest;
using test::VsockPacket;

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

}  // namespace
}  // namespace caisson::vmm::vsock
