// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/message.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>

namespace caisson::vmm::vhost_user {
namespace {

std::vector<UniqueFd> descriptors(size_t count) {
  std::vector<UniqueFd> fds;
  for (size_t i = 0; i < count; ++i) {
    fds.emplace_back(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
  return fds;
}

Result<Message> parse_request(Request request, std::vector<std::byte> payload, size_t fd_count = 0,
                              uint32_t flags = kFlagVersion) {
  const Header header{.request = static_cast<uint32_t>(request),
                      .flags = flags,
                      .size = static_cast<uint32_t>(payload.size())};
  return parse(header, payload, descriptors(fd_count));
}

template <typename T>
std::vector<std::byte> bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

template <typename... Parts>
std::vector<std::byte> joined(const Parts&... parts) {
  std::vector<std::byte> all;
  (all.insert(all.end(), parts.begin(), parts.end()), ...);
  return all;
}

TEST(VhostUserHeader, version_other_than_1_is_refused) {
  EXPECT_FALSE(check_header({.request = 1, .flags = 0, .size = 0}));
  EXPECT_FALSE(check_header({.request = 1, .flags = 2, .size = 0}));
}

TEST(VhostUserHeader, reply_flag_is_refused) {
  EXPECT_FALSE(check_header({.request = 1, .flags = kFlagVersion | kFlagReply, .size = 0}));
}

TEST(VhostUserHeader, payload_beyond_the_limit_is_refused) {
  EXPECT_TRUE(check_header({.request = 25, .flags = kFlagVersion, .size = kMaxPayloadBytes}));
  EXPECT_FALSE(check_header({.request = 25, .flags = kFlagVersion, .size = kMaxPayloadBytes + 1}));
  EXPECT_FALSE(check_header({.request = 25, .flags = kFlagVersion, .size = UINT32_MAX}));
}

TEST(VhostUserHeader, unknown_request_is_refused) {
  for (const uint32_t request : {0U, 6U, 7U, 19U, 23U, 26U, 1000U, UINT32_MAX}) {
    EXPECT_FALSE(check_header({.request = request, .flags = kFlagVersion, .size = 0})) << request;
  }
}

TEST(VhostUserMessage, bare_request_with_payload_is_refused) {
  EXPECT_TRUE(parse_request(Request::get_features, {}));
  EXPECT_FALSE(parse_request(Request::get_features, bytes_of(uint64_t{0})));
}

TEST(VhostUserMessage, u64_of_wrong_size_is_refused) {
  EXPECT_TRUE(parse_request(Request::set_features, bytes_of(uint64_t{7})));
  EXPECT_FALSE(parse_request(Request::set_features, bytes_of(uint32_t{7})));
  EXPECT_FALSE(parse_request(Request::set_features, joined(bytes_of(uint64_t{7}), bytes_of(uint32_t{7}))));
}

TEST(VhostUserMessage, descriptors_where_none_belong_are_refused) {
  EXPECT_FALSE(parse_request(Request::get_features, {}, 1));
  EXPECT_FALSE(parse_request(Request::set_vring_num, bytes_of(VringState{}), 1));
}

TEST(VhostUserMessage, vring_descriptor_count_must_agree_with_its_flag) {
  EXPECT_TRUE(parse_request(Request::set_vring_kick, bytes_of(uint64_t{1}), 1));
  EXPECT_TRUE(parse_request(Request::set_vring_kick, bytes_of(uint64_t{0x101}), 0));
  EXPECT_FALSE(parse_request(Request::set_vring_kick, bytes_of(uint64_t{1}), 0));
  EXPECT_FALSE(parse_request(Request::set_vring_kick, bytes_of(uint64_t{1}), 2));
  EXPECT_FALSE(parse_request(Request::set_vring_kick, bytes_of(uint64_t{0x101}), 1));
}

TEST(VhostUserMessage, vring_descriptor_with_reserved_bits_is_refused) {
  EXPECT_FALSE(parse_request(Request::set_vring_call, bytes_of(uint64_t{0x201}), 1));
}

TEST(VhostUserMessage, vring_descriptor_keeps_index_and_descriptor) {
  auto message = parse_request(Request::set_vring_call, bytes_of(uint64_t{3}), 1);
  ASSERT_TRUE(message);
  const auto& body = std::get<VringDescriptor>(message->body);
  EXPECT_EQ(body.index, 3U);
  EXPECT_TRUE(body.fd.is_valid());
}

TEST(VhostUserMessage, memory_table_count_must_agree_with_descriptors_and_size) {
  const auto table = [](uint32_t count, size_t regions, size_t fds) {
    std::vector<std::byte> payload = bytes_of(MemoryTableHead{.count = count, .padding = 0});
    for (size_t i = 0; i < regions; ++i) {
      payload = joined(payload, bytes_of(MemoryRegion{}));
    }
    return parse_request(Request::set_mem_table, payload, fds);
  };
  EXPECT_TRUE(table(0, 0, 0));
  EXPECT_TRUE(table(8, 8, 8));
  EXPECT_FALSE(table(2, 2, 1));
  EXPECT_FALSE(table(2, 1, 2));
  EXPECT_FALSE(table(1, 2, 1));
  EXPECT_FALSE(table(9, 8, 8));
  EXPECT_FALSE(table(UINT32_MAX, 1, 1));
  EXPECT_FALSE(parse_request(Request::set_mem_table, bytes_of(uint32_t{0})));
}

TEST(VhostUserMessage, config_access_out_of_range_is_refused) {
  const auto access = [](ConfigHead head, size_t bytes) {
    return parse_request(Request::get_config, joined(bytes_of(head), std::vector<std::byte>(bytes)));
  };
  EXPECT_TRUE(access({.offset = 0, .size = 8, .flags = 0}, 8));
  EXPECT_TRUE(access({.offset = 248, .size = 8, .flags = 0}, 8));
  EXPECT_FALSE(access({.offset = 249, .size = 8, .flags = 0}, 8));
  EXPECT_FALSE(access({.offset = UINT32_MAX, .size = 8, .flags = 0}, 8));
  EXPECT_FALSE(access({.offset = 0, .size = 8, .flags = 0}, 7));
  EXPECT_FALSE(access({.offset = 0, .size = UINT32_MAX, .flags = 0}, 8));
  EXPECT_FALSE(parse_request(Request::get_config, std::vector<std::byte>(11)));
}

TEST(VhostUserMessage, need_reply_flag_is_kept) {
  EXPECT_TRUE(parse_request(Request::set_owner, {}, 0, kFlagVersion | kFlagNeedReply)->wants_reply);
  EXPECT_FALSE(parse_request(Request::set_owner, {})->wants_reply);
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
