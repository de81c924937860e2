// SPDX-License-Identifier: Apache-2.0
// The vhost-user wire format: its structs, and a parser that turns one received message into a checked value.
// Does no I/O; descriptors it is handed and does not pass on are closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::vhost_user {

// Front-end message types [vhost-user] "Front-end message types": those that Caisson's devices answer.
enum class Request : uint32_t {
  get_features = 1,
  set_features = 2,
  set_owner = 3,
  reset_owner = 4,
  set_mem_table = 5,
  set_vring_num = 8,
  set_vring_addr = 9,
  set_vring_base = 10,
  get_vring_base = 11,
  set_vring_kick = 12,
  set_vring_call = 13,
  set_vring_err = 14,
  get_protocol_features = 15,
  set_protocol_features = 16,
  get_queue_num = 17,
  set_vring_enable = 18,
  get_config = 24,
  set_config = 25,
};

// [vhost-user] "Protocol features": bits of GET/SET_PROTOCOL_FEATURES.
inline constexpr uint64_t kProtocolMq = 1ULL << 0;
inline constexpr uint64_t kProtocolReplyAck = 1ULL << 3;
inline constexpr uint64_t kProtocolConfig = 1ULL << 9;

// The bit of GET/SET_FEATURES that says protocol features exist: VHOST_USER_F_PROTOCOL_FEATURES.
inline constexpr uint64_t kFeatureProtocolFeatures = 1ULL << 30;

// Transport bits the server adds to each device's own [virtio-1.2] 6. (linux/virtio_ring.h is no C++.)
inline constexpr uint64_t kFeatureIndirect = 1ULL << 28;
inline constexpr uint64_t kFeatureEventIndex = 1ULL << 29;
inline constexpr uint64_t kFeatureVersion1 = 1ULL << 32;

// [vhost-user] "Message Specification": every message begins so. Host byte order: both ends share a machine.
struct Header {
  uint32_t request;
  uint32_t flags;
  uint32_t size;  // of the payload that follows
};
static_assert(sizeof(Header) == 12);

inline constexpr uint32_t kFlagVersionMask = 0x3;
inline constexpr uint32_t kFlagVersion = 0x1;
inline constexpr uint32_t kFlagReply = 0x4;
inline constexpr uint32_t kFlagNeedReply = 0x8;

struct VringState {
  uint32_t index;
  uint32_t num;
};
static_assert(sizeof(VringState) == 8);

// Addresses are the front end's own virtual addresses: translated by MemoryTable before use.
struct VringAddress {
  uint32_t index;
  uint32_t flags;
  uint64_t descriptors;
  uint64_t used;
  uint64_t available;
  uint64_t log;
};
static_assert(sizeof(VringAddress) == 40);
static_assert(offsetof(VringAddress, available) == 24);

struct MemoryRegion {
  uint64_t guest_address;
  uint64_t size_bytes;
  uint64_t user_address;
  uint64_t mmap_offset;
};
static_assert(sizeof(MemoryRegion) == 32);

struct MemoryTableHead {
  uint32_t count;
  uint32_t padding;
};
static_assert(sizeof(MemoryTableHead) == 8);

struct ConfigHead {
  uint32_t offset;
  uint32_t size;
  uint32_t flags;
};
static_assert(sizeof(ConfigHead) == 12);

// LIMIT: 8 regions and descriptors a message, as the protocol has it without CONFIGURE_MEM_SLOTS.
inline constexpr size_t kMaxDescriptors = 8;
// LIMIT: 256 bytes of configuration space a message, as [vhost-user] "Virtio device config space" has it.
inline constexpr size_t kMaxConfigBytes = 256;
// LIMIT: the largest payload above: a configuration access or a full memory table.
inline constexpr size_t kMaxPayloadBytes = sizeof(ConfigHead) + kMaxConfigBytes;
static_assert(kMaxPayloadBytes >= sizeof(MemoryTableHead) + kMaxDescriptors * sizeof(MemoryRegion));

// Payloads as parsed.
struct VringDescriptor {
  uint32_t index = 0;
  UniqueFd fd;  // invalid: the front end wants none (it polls, or masks)
};

struct SharedRegion {
  MemoryRegion region{};
  UniqueFd fd;
};

struct ConfigAccess {
  uint32_t offset = 0;
  std::vector<std::byte> bytes;
};

struct Message {
  Request request{};
  bool wants_reply = false;  // VHOST_USER_NEED_REPLY; of use only once REPLY_ACK was negotiated
  // Which alternative it is follows from `request`; parse() sees to that.
  std::variant<std::monostate, uint64_t, VringState, VringAddress, VringDescriptor, std::vector<SharedRegion>,
               ConfigAccess>
      body;
};

// What the header alone tells: refused before a byte of the payload is read.
Result<void> check_header(const Header& header);

// Checks size, descriptor count and the fields of one request's payload.
Result<Message> parse(const Header& header, std::span<const std::byte> payload, std::vector<UniqueFd> fds);

}  // namespace caisson::vmm::vhost_user
