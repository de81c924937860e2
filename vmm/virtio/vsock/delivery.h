// SPDX-License-Identifier: Apache-2.0
// Bytes of the guest on their way into the host's end of a connection: straight from its memory where the
// stream takes them, kept where it does not. Knows no packets and no credit; whoever hands bytes in has seen
// to it that they fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/virtio/vsock/byte_ring.h"
#include "vmm/virtio/vsock/stream.h"

namespace caisson::vmm::vsock {

class Delivery {
 public:
  // What came of an attempt: bytes that are kept no longer, and whether that is for want of a reader.
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
  // Gives up what is kept; how much that was.
  size_t drop();

 private:
  ByteRing ring_;
  bool writable_ = true;  // as far as the stream's edges have told
};

}  // namespace caisson::vmm::vsock
