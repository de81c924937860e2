// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/message.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <type_traits>

namespace caisson::vmm::vhost_user {
namespace {

enum class Payload { none, u64, vring_state, vring_address, vring_descriptor, memory_table, config };

struct Shape {
  Request request;
  Payload payload;
};

constexpr std::array kShapes{
    Shape{Request::get_features, Payload::none},
    Shape{Request::set_features, Payload::u64},
    Shape{Request::set_owner, Payload::none},
    Shape{Request::reset_owner, Payload::none},
    Shape{Request::set_mem_table, Payload::memory_table},
    Shape{Request::set_vring_num, Payload::vring_state},
    Shape{Request::set_vring_addr, Payload::vring_address},
    Shape{Request::set_vring_base, Payload::vring_state},
    Shape{Request::get_vring_base, Payload::vring_state},
    Shape{Request::set_vring_kick, Payload::vring_descriptor},
    Shape{Request::set_vring_call, Payload::vring_descriptor},
    Shape{Request::set_vring_err, Payload::vring_descriptor},
    Shape{Request::get_protocol_features, Payload::none},
    Shape{Request::set_protocol_features, Payload::u64},
    Shape{Request::get_queue_num, Payload::none},
    Shape{Request::set_vring_enable, Payload::vring_state},
    Shape{Request::get_config, Payload::config},
    Shape{Request::set_config, Payload::config},
};

const Shape* find_shape(uint32_t request) {
  const auto* found = std::ranges::find(kShapes, static_cast<Request>(request), &Shape::request);
  return found == kShapes.end() ? nullptr : found;
}

tl::unexpected<Error> refuse(const Header& header, const std::string& reason) {
  return fail(EPROTO, "parse vhost-user request " + std::to_string(header.request) + ": " + reason);
}

template <typename T>
requires std::is_trivially_copyable_v<T> Result<T> read_struct(const Header& header,
                                                               std::span<const std::byte> payload) {
  if (payload.size() != sizeof(T)) {
    return refuse(
        header, "payload of " + std::to_string(payload.size()) + " bytes, not " + std::to_string(sizeof(T)));
  }
  T value;
  std::memcpy(&value, payload.data(), sizeof(T));
  return value;
}

// [vhost-user] "A vring state/descriptor": bits 0-7 are the ring, bit 8 says that no descriptor comes along.
Result<VringDescriptor> read_vring_descriptor(const Header& header, std::span<const std::byte> payload,
                                              std::vector<UniqueFd>& fds) {
  constexpr uint64_t kIndexMask = 0xff;
  constexpr uint64_t kNoDescriptor = 0x100;
  const auto value = TRY(read_struct<uint64_t>(header, payload));
  if ((value & ~(kIndexMask | kNoDescriptor)) != 0) {
    return refuse(header, "reserved bits are set");
  }
  const size_t expected = (value & kNoDescriptor) != 0 ? 0 : 1;
  if (fds.size() != expected) {
    return refuse(header, std::to_string(fds.size()) + " descriptors, not " + std::to_string(expected));
  }
  VringDescriptor body{.index = static_cast<uint32_t>(value & kIndexMask), .fd = {}};
  if (expected == 1) {
    body.fd = std::move(fds.front());
  }
  fds.clear();
  return body;
}

Result<std::vector<SharedRegion>> read_memory_table(const Header& header, std::span<const std::byte> payload,
                                                    std::vector<UniqueFd>& fds) {
  if (payload.size() < sizeof(MemoryTableHead)) {
    return refuse(header, "payload is too short");
  }
  MemoryTableHead head{};
  std::memcpy(&head, payload.data(), sizeof(head));
  if (head.count > kMaxDescriptors || fds.size() != head.count) {
    return refuse(
        header, std::to_string(head.count) + " regions with " + std::to_string(fds.size()) + " descriptors");
  }
  payload = payload.subspan(sizeof(head));
  if (payload.size() != head.count * sizeof(MemoryRegion)) {
    return refuse(header, "payload does not fit its " + std::to_string(head.count) + " regions");
  }
  std::vector<SharedRegion> regions(head.count);
  for (size_t i = 0; i < regions.size(); ++i) {
    std::memcpy(&regions[i].region, payload.subspan(i * sizeof(MemoryRegion)).data(), sizeof(MemoryRegion));
    regions[i].fd = std::move(fds[i]);
  }
  fds.clear();
  return regions;
}

Result<ConfigAccess> read_config(const Header& header, std::span<const std::byte> payload) {
  if (payload.size() < sizeof(ConfigHead)) {
    return refuse(header, "payload is too short");
  }
  ConfigHead head{};
  std::memcpy(&head, payload.data(), sizeof(head));
  payload = payload.subspan(sizeof(head));
  if (head.size != payload.size() || head.size > kMaxConfigBytes ||
      head.offset > kMaxConfigBytes - head.size) {
    return refuse(header, "configuration access is out of range");
  }
  return ConfigAccess{.offset = head.offset, .bytes = {payload.begin(), payload.end()}};
}

}  // namespace

Result<void> check_header(const Header& header) {
  if ((header.flags & kFlagVersionMask) != kFlagVersion) {
    return refuse(header, "protocol version is not 1");
  }
  if ((header.flags & kFlagReply) != 0) {
    return refuse(header, "is marked as a reply");
  }
  if (header.size > kMaxPayloadBytes) {
    return refuse(header, "payload of " + std::to_string(header.size) + " bytes is too long");
  }
  if (find_shape(header.request) == nullptr) {
    return refuse(header, "is not supported");
  }
  return {};
}

Result<Message> parse(const Header& header, std::span<const std::byte> payload, std::vector<UniqueFd> fds) {
  TRY(check_header(header));
  Message message{.request = static_cast<Request>(header.request),
                  .wants_reply = (header.flags & kFlagNeedReply) != 0,
                  .body = {}};
  switch (find_shape(header.request)->payload) {
    case Payload::none:
      if (!payload.empty()) {
        return refuse(header, "carries a payload it should not");
      }
      break;
    case Payload::u64:
      message.body = TRY(read_struct<uint64_t>(header, payload));
      break;
    case Payload::vring_state:
      message.body = TRY(read_struct<VringState>(header, payload));
      break;
    case Payload::vring_address:
      message.body = TRY(read_struct<VringAddress>(header, payload));
      break;
    case Payload::vring_descriptor:
      message.body = TRY(read_vring_descriptor(header, payload, fds));
      break;
    case Payload::memory_table:
      message.body = TRY(read_memory_table(header, payload, fds));
      break;
    case Payload::config:
      message.body = TRY(read_config(header, payload));
      break;
  }
  if (!fds.empty()) {
    return refuse(header, "carries descriptors it should not");
  }
  return message;
}

}  // namespace caisson::vmm::vhost_user
