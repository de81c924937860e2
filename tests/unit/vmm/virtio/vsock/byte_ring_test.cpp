// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/byte_ring.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::vsock {
namespace {

std::string text_of(const ByteRing& ring) {
  std::string text;
  for (const iovec& part : ring.parts()) {
    text.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  return text;
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

TEST(vsock_ring, part_that_wraps_is_told_apart_from_one_that_ends_at_the_edge) {
  ByteRing ring(4);
  ring.append(test::as_bytes("abcd"));
  EXPECT_EQ(ring.parts()[0].iov_len, 4U);
  EXPECT_EQ(ring.parts()[1].iov_len, 0U);
  ring.consume(3);
  ring.append(test::as_bytes("e"));
  EXPECT_EQ(ring.parts()[0].iov_len, 1U);
  EXPECT_EQ(ring.parts()[1].iov_len, 1U);
  EXPECT_EQ(text_of(ring), "de");
  EXPECT_EQ(ring.size(), 2U);
  EXPECT_EQ(ring.free_bytes(), 2U);
}

TEST(vsock_ring, emptied_ring_begins_anew_with_its_whole_capacity) {
  ByteRing ring(4);
  ring.append(test::as_bytes("abc"));
  ring.clear();
  EXPECT_TRUE(ring.is_empty());
  EXPECT_EQ(ring.free_bytes(), 4U);
  EXPECT_EQ(text_of(ring), "");
  ring.append({});
  EXPECT_TRUE(ring.is_empty());
  ring.append(test::as_bytes("wxyz"));
  EXPECT_EQ(text_of(ring), "wxyz");
  EXPECT_EQ(ring.parts()[1].iov_len, 0U);
}

}  // namespace
}  // namespace caisson::vmm::vsock
