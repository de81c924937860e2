// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/frame.h"

#include <algorithm>

namespace caisson::ttrpc {
namespace {

uint32_t load_be32(std::span<const uint8_t, 4> bytes) {
  return (uint32_t{bytes[0]} << 24) | (uint32_t{bytes[1]} << 16) | (uint32_t{bytes[2]} << 8) |
         uint32_t{bytes[3]};
}

void append_be32(std::string& out, uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

bool is_known(uint8_t type) {
  return type >= static_cast<uint8_t>(FrameType::request) && type <= static_cast<uint8_t>(FrameType::data);
}

}  // namespace

Result<FrameHeader> parse_header(std::span<const uint8_t, kHeaderBytes> bytes) {
  const uint32_t length = load_be32(bytes.subspan<0, 4>());
  const uint32_t stream = load_be32(bytes.subspan<4, 4>());
  if (length > kMaxPayloadBytes) {
    return fail(EMSGSIZE,
                "read ttrpc frame: length " + std::to_string(length) + " is over the limit of 4 MiB");
  }
  if (!is_known(bytes[8])) {
    return fail(EPROTO, "read ttrpc frame: unknown type " + std::to_string(bytes[8]));
  }
  if (stream == 0) {
    return fail(EPROTO, "read ttrpc frame: stream 0");
  }
  return FrameHeader{
      .length = length, .stream = stream, .type = static_cast<FrameType>(bytes[8]), .flags = bytes[9]};
}

Result<std::string> encode_frame(uint32_t stream, FrameType type, std::string_view payload) {
  if (payload.size() > kMaxPayloadBytes) {
    return fail(EMSGSIZE, "write ttrpc frame: length " + std::to_string(payload.size()) +
                              " is over the limit of 4 MiB");
  }
  std::string bytes;
  bytes.reserve(kHeaderBytes + payload.size());
  append_be32(bytes, static_cast<uint32_t>(payload.size()));
  append_be32(bytes, stream);
  bytes += static_cast<char>(type);
  bytes += '\0';
  bytes += payload;
  return bytes;
}

void FrameReader::feed(std::string_view bytes) {
  if (consumed_ > 0) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(consumed_);
  if (rest.size() < kHeaderBytes) {
    return std::nullopt;
  }
  std::array<uint8_t, kHeaderBytes> raw{};
  std::transform(rest.begin(), rest.begin() + kHeaderBytes, raw.begin(),
                 [](char c) { return static_cast<uint8_t>(c); });
  const FrameHeader header = TRY(parse_header(raw));
  if (rest.size() - kHeaderBytes < header.length) {
    return std::nullopt;
  }
  Frame frame{.header = header, .payload = std::string(rest.substr(kHeaderBytes, header.length))};
  consumed_ += kHeaderBytes + header.length;
  return frame;
}

}  // namespace caisson::ttrpc
