// SPDX-License-Identifier: Apache-2.0
// The parsers alone: a packet's header, slices of chains, and the first line of a client.
#include "vmm/virtio/vsock/packet.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/support/virtio/fake_driver.h"
#include "vmm/virtio/vsock/byte_ring.h"
#include "vmm/virtio/vsock/handshake.h"

namespace caisson::vmm::vsock {
namespace {

TEST(vsock_packet, header_cut_in_pieces_is_whole) {
  test::FakeMemory memory;
  test::FakeDriver driver(memory);
  VirtQueue queue = driver.device_queue();
  const Header sent{.src_cid = 3, .dst_cid = 2, .src_port = 7, .dst_port = 8, .len = 2, .op = Op::rw};
  const auto bytes = test::bytes_of(sent);
  driver.chain()
      .out(bytes.first(1))
      .out(bytes.subspan(1, 40))
      .out(bytes.subspan(41))
      .out(test::as_bytes("ab"))
      .submit();
  auto chain = queue.pop().value();
  ASSERT_TRUE(chain);
  const auto header = parse_header(*chain);
  ASSERT_TRUE(header);
  EXPECT_EQ(uint32_t{header->dst_port}, 8U);
  std::vector<iovec> parts;
  slice(chain->readable(), sizeof(Header), header->len, parts);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(std::memcmp(parts[0].iov_base, "ab", 2), 0);
  queue.push(std::move(*chain), 0);
}

TEST(vsock_packet, header_of_43_bytes_is_refused) {
  test::FakeMemory memory;
  test::FakeDriver driver(memory);
  VirtQueue queue = driver.device_queue();
  const Header sent{};
  driver.chain().out(test::bytes_of(sent).first(43)).submit();
  auto chain = queue.pop().value();
  ASSERT_TRUE(chain);
  EXPECT_FALSE(parse_header(*chain));
  queue.push(std::move(*chain), 0);
}

TEST(vsock_packet, slice_stops_at_the_end) {
  std::array<char, 8> bytes{};
  const std::array<iovec, 2> parts{iovec{bytes.data(), 3}, iovec{bytes.data() + 3, 5}};
  std::vector<iovec> out;
  slice(parts, 2, 100, out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].iov_len, 1U);
  EXPECT_EQ(out[1].iov_len, 5U);
  slice(parts, 8, 1, out);
  EXPECT_TRUE(out.empty());
}

TEST(vsock_ring, bytes_come_out_in_order_across_the_wrap) {
  ByteRing ring(8);
  std::string out;
  const auto take = [&](size_t count) {
    for (const iovec& part : ring.parts()) {
      const size_t piece = std::min(count, part.iov_len);
      out.append(static_cast<const char*>(part.iov_base), piece);
      count -= piece;
    }
  };
  ring.append(test::as_bytes("abcdef"));
  take(4);
  ring.consume(4);
  ring.append(test::as_bytes("ghijkl"));
  EXPECT_EQ(ring.free_bytes(), 0U);
  take(8);
  ring.consume(8);
  EXPECT_TRUE(ring.is_empty());
  EXPECT_EQ(out, "abcdefghijkl");
}

TEST(vsock_handshake, malformed_lines_are_refused) {
  for (const char* line :
       {"", "CONNECT", "CONNECT ", "CONNECT x", "CONNECT -1", "CONNECT 1 ", "CONNECT  1", "connect 1",
        "CONNECT 4294967295", "CONNECT 4294967296", "CONNECT 1\r", "GET / HTTP/1.1"}) {
    EXPECT_FALSE(parse_connect(line)) << line;
  }
  EXPECT_EQ(parse_connect("CONNECT 1024").value(), 1024U);
  EXPECT_EQ(parse_connect("CONNECT 4294967294").value(), 4294967294U);
}

TEST(vsock_handshake, line_is_taken_alone_and_whole) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  UniqueFd server(ends[1]);
  EXPECT_FALSE(receive_connect(server.get()).value());
  ASSERT_EQ(::send(client.get(), "CONN", 4, 0), 4);
  EXPECT_FALSE(receive_connect(server.get()).value());
  ASSERT_EQ(::send(client.get(), "ECT 5\nrest", 10, 0), 10);
  EXPECT_EQ(receive_connect(server.get()).value(), 5U);
  std::array<char, 8> rest{};
  EXPECT_EQ(::recv(server.get(), rest.data(), rest.size(), 0), 4);
  EXPECT_STREQ(rest.data(), "rest");
}

TEST(vsock_handshake, line_without_end_is_refused) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd client(ends[0]);
  const UniqueFd server(ends[1]);
  const std::string long_line(kMaxConnectLine, 'C');
  ASSERT_EQ(::send(client.get(), long_line.data(), long_line.size(), 0),
            static_cast<ssize_t>(long_line.size()));
  EXPECT_FALSE(receive_connect(server.get()));
}

TEST(vsock_handshake, client_that_leaves_is_an_error) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd client(ends[0]);
  const UniqueFd server(ends[1]);
  client.reset();
  EXPECT_FALSE(receive_connect(server.get()));
}

}  // namespace
}  // namespace caisson::vmm::vsock
