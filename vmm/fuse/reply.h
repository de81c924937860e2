// SPDX-License-Identifier: Apache-2.0
// The answer to one request, written straight into the chain's writable part: fuse_out_header first, filled
// in last.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "common/result.h"
#include "vmm/fuse/wire.h"
#include "vmm/virtio/queue.h"

namespace caisson::vmm::fuse {

// The part of `parts` that begins at `offset` and is at most `bytes` long, for readv and its kin.
void slice(std::span<const iovec> parts, uint64_t offset, uint64_t bytes, std::vector<iovec>& out);

class Reply {
 public:
  // A chain without room for the header has none for a payload, and finish() must not be called.
  explicit Reply(const Chain& chain) : chain_(&chain) {}

  // Bytes of payload that still fit.
  [[nodiscard]] uint64_t room() const {
    const uint64_t taken = sizeof(fuse_out_header) + payload_;
    return std::max<uint64_t>(chain_->writable_bytes(), taken) - taken;
  }

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<void> put(const T& value) { return put_bytes(std::as_bytes(std::span(&value, 1))); }
  // ERANGE when it does not fit.
  [[nodiscard]] Result<void> put_bytes(std::span<const std::byte> bytes);

  // The next `bytes` of payload as memory to read into; wrote() says how many there were.
  void window(uint64_t bytes, std::vector<iovec>& out) const {
    slice(chain_->writable(), sizeof(fuse_out_header) + payload_, bytes, out);
  }
  void wrote(uint64_t bytes) { payload_ += bytes; }

  // Writes the header: `error` is 0 or an errno, which drops the payload. Returns the bytes written.
  uint32_t finish(uint64_t unique, int error);

 private:
  const Chain* chain_;
  uint64_t payload_ = 0;
};

}  // namespace caisson::vmm::fuse
