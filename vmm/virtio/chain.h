// SPDX-License-Identifier: Apache-2.0
// One descriptor chain taken from a virtqueue: a token that must go back. Made by VirtQueue::pop(), used by
// devices.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace caisson::vmm {

// A token that must go back by VirtQueue::push() or undo_pop(). A chain that is destroyed without it is a bug
// of the device's code (asserted). The iovecs point into guest memory: hostile and changing. They are at most
// kMaxParts (so that a whole chain fits one readv(2)), none is empty, and neighbours in host memory have been
// joined: no meaning is in their cuts [virtio-1.2] 2.7.4.1.
class Chain {
 public:
  // LIMIT: IOV_MAX. Linux drivers use at most the queue's size plus a few.
  static constexpr size_t kMaxParts = 1024;

  Chain(Chain&& other) noexcept;
  Chain& operator=(Chain&& other) noexcept;
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  ~Chain();

  // Device-readable parts come first, then device-writable ones [virtio-1.2] 2.7.4.2.
  [[nodiscard]] std::span<const iovec> readable() const { return std::span(parts_).first(readable_count_); }
  [[nodiscard]] std::span<const iovec> writable() const { return std::span(parts_).subspan(readable_count_); }
  [[nodiscard]] uint64_t readable_bytes() const { return readable_bytes_; }
  [[nodiscard]] uint64_t writable_bytes() const { return writable_bytes_; }

  // The queue is gone, and its driver with it: no driver waits for this chain any more.
  void abandon() { outstanding_ = false; }

  // Copies out the readable bytes from `offset`; returns how many there were (at most out.size()).
  size_t copy_out(size_t offset, std::span<std::byte> out) const;
  // Copies into the writable bytes at `offset`; returns how many fitted.
  size_t copy_in(size_t offset, std::span<const std::byte> in) const;

 private:
  friend class VirtQueue;
  Chain() = default;
  void append(std::span<std::byte> bytes, bool is_writable);

  uint16_t head_ = 0;
  bool outstanding_ = false;
  size_t readable_count_ = 0;
  uint64_t readable_bytes_ = 0;
  uint64_t writable_bytes_ = 0;
  std::vector<iovec> parts_;  // lent by the queue, which keeps its capacity for the next chain
};

}  // namespace caisson::vmm
