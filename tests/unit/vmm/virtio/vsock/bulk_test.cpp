// SPDX-License-Identifier: Apache-2.0
// Bulk through one connection, both ways.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>

#include "tests/support/virtio/fake_vsock_guest.h"
#include "vmm/virtio/vsock/muxer.h"

namespace caisson::vmm::vsock {
namespace {

using test::FakeVsockGuest;

constexpr uint32_t kGuestPort = 1025;

// Echoes bulk through a connection whose ends read and write in pieces of changing size, with little credit
// and few receive buffers: each byte arrives once and in order.
class vsock_bulk : public ::testing::TestWithParam<FakeVsockGuest::Options> {};

TEST_P(vsock_bulk, every_byte_returns_in_order) {
  constexpr size_t kTotal = size_t{8} << 20;
  FakeVsockGuest guest(GetParam());
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd host(ends[0]);
  ASSERT_TRUE(
      guest.muxer().connect(kGuestPort, Stream::socket(UniqueFd(ends[1])),
                            {.greeting = {}, .on_answer = [](const Result<uint32_t>&) {}, .on_end = {}}));
  const auto request = guest.receive();
  ASSERT_TRUE(request);
  Header header{.src_port = kGuestPort, .dst_port = request->header.src_port, .op = Op::response};
  guest.send(header);

  std::mt19937_64 written_random(7);
  std::mt19937_64 read_random(7);
  size_t written = 0;
  size_t read = 0;
  std::string echo;             // what the guest has to send back
  uint32_t echoed = 0;          // what it has sent back
  uint32_t host_forwarded = 0;  // … and the host has taken
  bool is_shut = false;         // the host has said that it sends no more
  bool has_closed = false;      // the guest has said so for both directions
  bool has_ended = false;
  std::string piece;
  while (!has_ended) {
    if (written < kTotal) {
      piece.resize(8 * (1 + written % 700));
      for (size_t i = 0; i < piece.size(); i += 8) {
        const uint64_t word = written_random();
        std::memcpy(piece.data() + i, &word, 8);
      }
      size_t at = 0;
      while (at < piece.size()) {
        const ssize_t n = ::send(host.get(), piece.data() + at, piece.size() - at, MSG_DONTWAIT);
        if (n < 0) {
          break;
        }
        at += static_cast<size_t>(n);
      }
      written += piece.size();
      // What did not fit is sent by waiting for it: the loop below makes room.
      while (at < piece.size()) {
        guest.loop().step();
        while (const auto packet = guest.take()) {
          echo += packet->payload;
          header.fwd_cnt += packet->header.len;
          host_forwarded = packet->header.fwd_cnt;
        }
        header.op = Op::credit_update;
        guest.send(header);
        const ssize_t n = ::send(host.get(), piece.data() + at, piece.size() - at, MSG_DONTWAIT);
        at += n > 0 ? static_cast<size_t>(n) : 0;
      }
      if (written >= kTotal) {
        ::shutdown(host.get(), SHUT_WR);
      }
    }
    guest.loop().step();
    while (const auto packet = guest.take()) {
      ASSERT_TRUE(packet->header.op != Op::rst || has_closed);
      echo += packet->payload;
      header.fwd_cnt += packet->header.len;
      host_forwarded = packet->header.fwd_cnt;
      is_shut = is_shut || packet->header.op == Op::shutdown;
    }
    while (!echo.empty() && guest.can_send() && echoed - host_forwarded < Muxer::kBufferBytes) {
      const size_t size =
          std::min<size_t>({echo.size(), 3000, Muxer::kBufferBytes - (echoed - host_forwarded)});
      header.op = Op::rw;
      guest.send(header, echo.substr(0, size));
      echo.erase(0, size);
      echoed += static_cast<uint32_t>(size);
    }
    if (!has_closed) {
      header.op = Op::credit_update;
      guest.send(header);
    }
    if (is_shut && echo.empty() && !std::exchange(has_closed, true)) {
      header.op = Op::shutdown;
      header.flags = kShutdownBoth;
      guest.send(header);
      header.flags = 0;
    }
    std::array<uint64_t, 4096> words{};
    const ssize_t n = ::recv(host.get(), words.data(), sizeof(words), MSG_DONTWAIT | MSG_PEEK);
    has_ended = n == 0;
    const size_t whole = n > 0 ? static_cast<size_t>(n) / 8 : 0;
    ASSERT_EQ(::recv(host.get(), words.data(), whole * 8, MSG_DONTWAIT), static_cast<ssize_t>(whole * 8));
    for (size_t i = 0; i < whole; ++i) {
      ASSERT_EQ(words.at(i), read_random()) << "at byte " << read + i * 8;
    }
    read += whole * 8;
  }
  EXPECT_EQ(read, written);
  EXPECT_EQ(guest.broken, "");
}

INSTANTIATE_TEST_SUITE_P(sizes, vsock_bulk,
                         ::testing::Values(FakeVsockGuest::Options{},
                                           FakeVsockGuest::Options{.receive_buffers = 3,
                                                                   .receive_buffer_bytes = 117,
                                                                   .buffer_bytes = 1000,
                                                                   .event_index = true,
                                                                   .payload_bytes = 4096},
                                           FakeVsockGuest::Options{.receive_buffers = 100,
                                                                   .receive_buffer_bytes = 3776,
                                                                   .buffer_bytes = 65536,
                                                                   .event_index = false,
                                                                   .payload_bytes = 4096}));

}  // namespace
}  // namespace caisson::vmm::vsock
