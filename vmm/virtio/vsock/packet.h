// SPDX-License-Identifier: Apache-2.0
// The wire format of virtio-vsock packets, and the one parser of what a guest sends. No I/O, no state.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "vmm/virtio/chain.h"

namespace caisson::vmm::vsock {

// Context identifiers [virtio-1.2] 5.10.4.
inline constexpr uint64_t kHostCid = 2;

// [virtio-1.2] 5.10.6: op
enum class Op : uint16_t {
  invalid = 0,
  request = 1,
  response = 2,
  rst = 3,
  shutdown = 4,
  rw = 5,
  credit_update = 6,
  credit_request = 7,
};

// [virtio-1.2] 5.10.6.2: type. Only streams are offered.
inline constexpr uint16_t kTypeStream = 1;

// [virtio-1.2] 5.10.6.5: flags of shutdown, from the sender's point of view.
inline constexpr uint32_t kShutdownReceive = 1;
inline constexpr uint32_t kShutdownSend = 2;
inline constexpr uint32_t kShutdownBoth = kShutdownReceive | kShutdownSend;

// [virtio-1.2] 5.10.6: struct virtio_vsock_hdr, little-endian.
struct [[gnu::packed]] Header {
  uint64_t src_cid = 0;
  uint64_t dst_cid = 0;
  uint32_t src_port = 0;
  uint32_t dst_port = 0;
  uint32_t len = 0;
  uint16_t type = kTypeStream;
  Op op = Op::invalid;
  uint32_t flags = 0;
  uint32_t buf_alloc = 0;
  uint32_t fwd_cnt = 0;
};
static_assert(sizeof(Header) == 44);
static_assert(offsetof(Header, src_port) == 16 && offsetof(Header, len) == 24 &&
              offsetof(Header, type) == 28);
static_assert(offsetof(Header, flags) == 32 && offsetof(Header, fwd_cnt) == 40);

// Copies the header out of a chain of the transmit queue. EPROTO when the chain holds none, or less payload
// than `len` says.
Result<Header> parse_header(const Chain& chain);

// Points `out` at bytes [offset, offset + size) of `parts`; stops early when there are fewer. Reuses its
// storage.
void slice(std::span<const iovec> parts, size_t offset, size_t size, std::vector<iovec>& out);

// The same bytes, appended.
void append_slice(std::span<const iovec> parts, size_t offset, size_t size, std::vector<iovec>& out);

}  // namespace caisson::vmm::vsock
