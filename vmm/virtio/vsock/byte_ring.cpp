// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/byte_ring.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace caisson::vmm::vsock {

void ByteRing::append(std::span<const std::byte> bytes) {
  assert(bytes.size() <= free_bytes());
  if (bytes.empty()) {
    return;
  }
  if (!bytes_) {
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    head_ = 0;
  }
  const size_t tail = (head_ + size_) % capacity_;
  const size_t first = std::min(bytes.size(), capacity_ - tail);
  std::memcpy(bytes_.get() + tail, bytes.data(), first);
  std::memcpy(bytes_.get(), bytes.data() + first, bytes.size() - first);
  size_ += bytes.size();
}

std::array<iovec, 2> ByteRing::parts() const {
  const size_t first = std::min(size_, capacity_ - head_);
  return {iovec{bytes_.get() + head_, first}, iovec{bytes_.get(), size_ - first}};
}

void ByteRing::consume(size_t count) {
  assert(count <= size_);
  head_ = (head_ + count) % capacity_;
  size_ -= count;
  if (size_ == 0) {
    bytes_.reset();  // an idle connection holds no memory
  }
}

}  // namespace caisson::vmm::vsock
