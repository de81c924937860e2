// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/delivery.h"

namespace caisson::vmm::vsock {

Delivery::Outcome Delivery::write(Stream& stream, std::span<const iovec> payload, size_t size) {
  size_t taken = 0;
  if (ring_.is_empty() && writable_) {
    const Stream::Io io = stream.write(payload);
    if (io.outcome == Stream::Outcome::moved) {
      taken = io.bytes;
    } else if (io.outcome == Stream::Outcome::would_block) {
      writable_ = false;
    } else {
      return {.done = size, .nobody_reads = true};
    }
  }
  size_t skip = taken;
  for (const iovec& part : payload) {
    if (skip >= part.iov_len) {
      skip -= part.iov_len;
      continue;
    }
    ring_.append(std::span(static_cast<const std::byte*>(part.iov_base), part.iov_len).subspan(skip));
    skip = 0;
  }
  Outcome outcome = flush(stream);
  outcome.done += taken;
  return outcome;
}

Delivery::Outcome Delivery::flush(Stream& stream) {
  Outcome outcome;
  while (!ring_.is_empty() && writable_) {
    const auto parts = ring_.parts();
    const Stream::Io io = stream.write(std::span(parts).first(parts[1].iov_len > 0 ? 2 : 1));
    if (io.outcome == Stream::Outcome::moved) {
      ring_.consume(io.bytes);
      outcome.done += io.bytes;
    } else if (io.outcome == Stream::Outcome::would_block) {
      writable_ = false;
    } else {
      outcome.done += drop();
      outcome.nobody_reads = true;
    }
  }
  return outcome;
}

size_t Delivery::drop() {
  const size_t size = ring_.size();
  ring_.clear();
  return size;
}

}  // namespace caisson::vmm::vsock
