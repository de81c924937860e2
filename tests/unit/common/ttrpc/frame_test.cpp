// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/frame.h"

#include <gtest/gtest.h>

namespace caisson::ttrpc {
namespace {

std::string header(uint32_t length, uint32_t stream, uint8_t type) {
  std::string bytes;
  for (const uint32_t value : {length, stream}) {
    for (const int shift : {24, 16, 8, 0}) {
      bytes += static_cast<char>((value >> shift) & 0xff);
    }
  }
  bytes += static_cast<char>(type);
  bytes += '\0';
  return bytes;
}

TEST(TtrpcFrame, encoded_frame_reads_back_equal) {
  FrameReader reader;
  reader.feed(encode_frame(7, FrameType::response, "hello").value());
  const auto frame = reader.next().value();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->header.stream, 7U);
  EXPECT_EQ(frame->header.type, FrameType::response);
  EXPECT_EQ(frame->payload, "hello");
  EXPECT_FALSE(reader.next().value());
}

TEST(TtrpcFrame, bytes_fed_one_by_one_make_the_same_frames) {
  const std::string bytes =
      encode_frame(1, FrameType::request, "a").value() + encode_frame(3, FrameType::request, "").value();
  FrameReader reader;
  std::vector<Frame> frames;
  for (const char byte : bytes) {
    reader.feed(std::string_view(&byte, 1));
    while (auto frame = reader.next().value()) {
      frames.push_back(*frame);
    }
  }
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].payload, "a");
  EXPECT_EQ(frames[1].header.stream, 3U);
}

TEST(TtrpcFrame, length_over_the_limit_is_refused_before_the_payload_comes) {
  FrameReader reader;
  reader.feed(header(kMaxPayloadBytes + 1, 1, 1));
  EXPECT_EQ(reader.next().error().code, EMSGSIZE);
}

TEST(TtrpcFrame, length_of_all_ones_is_refused) {
  FrameReader reader;
  reader.feed(header(0xffffffff, 1, 1));
  EXPECT_EQ(reader.next().error().code, EMSGSIZE);
}

TEST(TtrpcFrame, unknown_type_is_refused) {
  for (const uint8_t type : {uint8_t{0}, uint8_t{4}, uint8_t{255}}) {
    FrameReader reader;
    reader.feed(header(0, 1, type));
    EXPECT_EQ(reader.next().error().code, EPROTO);
  }
}

TEST(TtrpcFrame, stream_zero_is_refused) {
  FrameReader reader;
  reader.feed(header(0, 0, 1));
  EXPECT_EQ(reader.next().error().code, EPROTO);
}

TEST(TtrpcFrame, header_cut_short_waits_for_more) {
  FrameReader reader;
  reader.feed(header(1, 1, 1).substr(0, 9));
  EXPECT_FALSE(reader.next().value());
}

TEST(TtrpcFrame, payload_over_the_limit_is_not_encoded) {
  EXPECT_EQ(encode_frame(1, FrameType::request, std::string(kMaxPayloadBytes + 1, 'x')).error().code,
            EMSGSIZE);
  EXPECT_TRUE(encode_frame(1, FrameType::request, std::string(kMaxPayloadBytes, 'x')));
}

}  // namespace
}  // namespace caisson::ttrpc
