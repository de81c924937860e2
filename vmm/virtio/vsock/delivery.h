// SPDX-License-Identifier: Apache-2.0
// Bytes of the guest on their way into the host's end of a connection. They go straight from the guest's
// memory if the stream takes them, and are kept if it does not. It knows no packets and no credit: the caller
// makes sure that the bytes fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/virtio/vsock/byte_ring.h"
#include "vmm/virtio/vsock/stream.h"

namespace caisson::vmm::vsock {

class Delivery {
 public:
  // The outcome of an attempt: how many bytes are kept no longer, and whether that is because there is no
  // reader.
  struct Outcome {
    size_t done = 0;
    bool nobody_reads = false;
  };

  explicit Delivery(size_t capacity) : ring_(capacity) {}

  [[nodiscard]] bool is_empty() const { return ring_.is_empty(); }
  [[nodiscard]] size_t size() const { return ring_.size(); }

  // `payload` has `size` bytes: at most as many as the capacity leaves.
  Outcome write(Stream& stream, std::span<const iovec> payload, size_t size);
  // The stream has become ready.
  void set_writable() { writable_ = true; }
  Outcome flush(Stream& stream);
  // Drops the kept bytes. Returns how many there were.
  size_t drop();

 private:
  ByteRing ring_;
  bool writable_ = true;  // as the stream's edges have shown
};

}  // namespace caisson::vmm::vsock
