// SPDX-License-Identifier: Apache-2.0
#include "protocol/agent/event_reader.h"

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

constexpr size_t kLengthBytes = 4;  // big-endian

size_t load_length(std::string_view bytes) {
  size_t length = 0;
  for (const char byte : bytes.substr(0, kLengthBytes)) {
    length = (length << 8) | static_cast<unsigned char>(byte);
  }
  return length;
}

}  // namespace

void EventReader::feed(std::string_view bytes) {
  buffer_ += bytes;
}

Result<bool> EventReader::next(v1::AgentEvent& event) {
  if (buffer_.size() < kLengthBytes) {
    return false;
  }
  const size_t length = load_length(buffer_);
  if (length > kMaxEventBytes) {
    return fail(EMSGSIZE,
                "read agent event: length " + std::to_string(length) + " is over the limit of 64 KiB");
  }
  if (buffer_.size() - kLengthBytes < length) {
    return false;
  }
  if (!event.ParseFromArray(buffer_.data() + kLengthBytes, static_cast<int>(length))) {
    return fail(EPROTO, "read agent event: malformed protobuf");
  }
  buffer_.erase(0, kLengthBytes + length);
  return true;
}

Result<std::string> encode_event(const v1::AgentEvent& event) {
  const std::string payload = event.SerializeAsString();
  if (payload.size() > kMaxEventBytes) {
    return fail(EMSGSIZE, "send agent event: over the limit of 64 KiB");
  }
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>((payload.size() >> shift) & 0xff);
  }
  return bytes + payload;
}

}  // namespace caisson::agent
