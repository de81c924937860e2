// SPDX-License-Identifier: Apache-2.0
// ttrpc frames: ten bytes of header, then the payload. Pure: no descriptor is touched here.
// Every byte read here is foreign: a length is checked before it sizes anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::ttrpc {

inline constexpr size_t kHeaderBytes = 10;
// LIMIT: [ttrpc] allows no longer message. It bounds the memory that a peer can make this process hold for
// one frame.
inline constexpr uint32_t kMaxPayloadBytes = 4U << 20;

enum class FrameType : uint8_t { request = 1, response = 2, data = 3 };

// [ttrpc] "Message Frame": length, stream, type, flags; integers big-endian.
struct FrameHeader {
  uint32_t length = 0;  // of the payload
  uint32_t stream = 0;  // odd: opened by the client
  FrameType type = FrameType::request;
  uint8_t flags = 0;
};

struct Frame {
  FrameHeader header;
  std::string payload;
};

// EMSGSIZE for a payload past the limit, EPROTO for an unknown type or stream 0.
Result<FrameHeader> parse_header(std::span<const uint8_t, kHeaderBytes> bytes);

// EMSGSIZE when `payload` is longer than a peer would take.
Result<std::string> encode_frame(uint32_t stream, FrameType type, std::string_view payload);

// Collects the bytes of a connection into frames. After an error the connection cannot be resynchronised:
// close it.
class FrameReader {
 public:
  // Takes bytes in the order they came. Holds at most one frame beyond what next() has not yet given out.
  void feed(std::string_view bytes);

  // The next whole frame; nothing when more bytes are needed.
  Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
  size_t consumed_ = 0;  // of buffer_
};

}  // namespace caisson::ttrpc
