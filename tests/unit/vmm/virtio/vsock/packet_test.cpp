// SPDX-License-Identifier: Apache-2.0
// The parser alone: a packet's header, and slices of chains.
#include "vmm/virtio/vsock/packet.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/virtio/fake_driver.h"

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

}  // namespace
}  // namespace caisson::vmm::vsock
