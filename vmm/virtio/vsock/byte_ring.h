// SPDX-License-Identifier: Apache-2.0
// Bytes a guest has sent and the host has not taken yet: a ring of fixed capacity, allocated while it holds
// anything.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace caisson::vmm::vsock {

class ByteRing {
 public:
  explicit ByteRing(size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t free_bytes() const { return capacity_ - size_; }

  // Copies in; `bytes` must fit free_bytes().
  void append(std::span<const std::byte> bytes);
  // What is held, in order: one or two parts, the second perhaps empty.
  [[nodiscard]] std::array<iovec, 2> parts() const;
  // Forgets the first `count` bytes (at most size()).
  void consume(size_t count);
  void clear() { consume(size_); }

 private:
  size_t capacity_;
  size_t head_ = 0;
  size_t size_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace caisson::vmm::vsock
