// SPDX-License-Identifier: Apache-2.0
#include "vmm/fuse/reply.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm::fuse {
namespace {

constexpr uint64_t kUnique = 0x1234'5678'9abc;

class FuseReply : public ::testing::Test {
 protected:
  ~FuseReply() override {
    if (chain_) {
      queue_.push(std::move(*chain_), 0);
    }
  }
  // A chain with these writable parts.
  const Chain& chain(std::initializer_list<uint32_t> parts) {
    auto builder = driver_.chain();
    builder.out(test::as_bytes("request"));
    for (const uint32_t size : parts) {
      builder.in(size);
      memory_.allocate(64);  // so that neighbours are not joined
    }
    builder.submit();
    chain_ = queue_.pop().value();
    return *chain_;
  }
  // What the driver gets.
  std::vector<std::byte> answered(uint32_t written) {
    queue_.push(std::move(*chain_), written);
    chain_.reset();
    return driver_.take_used().value().data;
  }

  test::FakeMemory memory_;
  test::FakeDriver driver_{memory_};
  VirtQueue queue_ = driver_.device_queue();
  std::optional<Chain> chain_;
};

TEST_F(FuseReply, payload_fits_to_the_last_byte) {
  Reply reply(chain({sizeof(fuse_out_header) + 8}));
  EXPECT_EQ(reply.room(), 8U);
  ASSERT_TRUE(reply.put(uint64_t{1}));
  EXPECT_EQ(reply.room(), 0U);
}

TEST_F(FuseReply, payload_a_byte_too_long_is_refused_and_nothing_of_it_written) {
  Reply reply(chain({sizeof(fuse_out_header) + 7}));
  const auto put = reply.put(~uint64_t{0});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ERANGE);
  EXPECT_EQ(reply.room(), 7U);
  const auto data = answered(reply.finish(kUnique, 0));
  ASSERT_EQ(data.size(), sizeof(fuse_out_header));
}

TEST_F(FuseReply, chain_without_room_for_the_header_has_room_for_nothing) {
  EXPECT_EQ(Reply(chain({sizeof(fuse_out_header) - 1})).room(), 0U);
}

TEST_F(FuseReply, chain_without_a_writable_part_has_room_for_nothing) {
  const Reply reply(chain({}));
  EXPECT_EQ(reply.room(), 0U);
}

TEST_F(FuseReply, header_comes_first_and_counts_itself) {
  Reply reply(chain({10, 30}));
  ASSERT_TRUE(reply.put_bytes(test::as_bytes("abc")));
  ASSERT_TRUE(reply.put_bytes(test::as_bytes("de")));
  const auto data = answered(reply.finish(kUnique, 0));
  ASSERT_EQ(data.size(), sizeof(fuse_out_header) + 5);
  fuse_out_header header{};
  std::memcpy(&header, data.data(), sizeof(header));
  EXPECT_EQ(header.len, sizeof(header) + 5);
  EXPECT_EQ(header.error, 0);
  EXPECT_EQ(header.unique, kUnique);
  EXPECT_EQ(std::memcmp(data.data() + sizeof(header), "abcde", 5), 0);
}

TEST_F(FuseReply, error_is_negative_and_drops_the_payload) {
  Reply reply(chain({100}));
  ASSERT_TRUE(reply.put_bytes(test::as_bytes("abc")));
  const auto data = answered(reply.finish(kUnique, ENOENT));
  ASSERT_EQ(data.size(), sizeof(fuse_out_header));
  fuse_out_header header{};
  std::memcpy(&header, data.data(), sizeof(header));
  EXPECT_EQ(header.len, sizeof(header));
  EXPECT_EQ(header.error, -ENOENT);
}

TEST_F(FuseReply, window_is_where_the_payload_goes_on) {
  Reply reply(chain({20, 30}));
  ASSERT_TRUE(reply.put_bytes(test::as_bytes("ab")));
  std::vector<iovec> parts;
  reply.window(5, parts);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].iov_len, 2U);  // 20 bytes less the header and what was put
  EXPECT_EQ(parts[1].iov_len, 3U);
  std::memcpy(parts[0].iov_base, "cd", 2);
  std::memcpy(parts[1].iov_base, "efg", 3);
  reply.wrote(5);
  const auto data = answered(reply.finish(kUnique, 0));
  ASSERT_EQ(data.size(), sizeof(fuse_out_header) + 7);
  EXPECT_EQ(std::memcmp(data.data() + sizeof(fuse_out_header), "abcdefg", 7), 0);
}

TEST(FuseSlice, keeps_to_its_bounds) {
  std::array<char, 8> bytes{};
  const std::array<iovec, 2> parts{iovec{bytes.data(), 3}, iovec{bytes.data() + 3, 5}};
  std::vector<iovec> out;
  slice(parts, 0, 3, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].iov_len, 3U);
  slice(parts, 3, 1, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].iov_base, bytes.data() + 3);
  EXPECT_EQ(out[0].iov_len, 1U);
  slice(parts, 2, 100, out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[0].iov_base, bytes.data() + 2);
  EXPECT_EQ(out[0].iov_len, 1U);
  EXPECT_EQ(out[1].iov_len, 5U);
  slice(parts, 8, 1, out);
  EXPECT_TRUE(out.empty());
  slice(parts, 2, 0, out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace caisson::vmm::fuse
