// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/chain.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <utility>

namespace caisson::vmm {

namespace {

// Calls copy(part, size) for the pieces of `parts` that hold [offset, offset + size); returns the bytes
// covered.
template <typename Copy>
size_t for_each_piece(std::span<const iovec> parts, size_t offset, size_t size, Copy copy) {
  size_t done = 0;
  for (const iovec& part : parts) {
    if (done == size) {
      break;
    }
    if (offset >= part.iov_len) {
      offset -= part.iov_len;
      continue;
    }
    const size_t piece = std::min(part.iov_len - offset, size - done);
    copy(static_cast<std::byte*>(part.iov_base) + offset, done, piece);
    done += piece;
    offset = 0;
  }
  return done;
}

}  // namespace

Chain::Chain(Chain&& other) noexcept
    : head_(other.head_),
      outstanding_(std::exchange(other.outstanding_, false)),
      readable_count_(std::exchange(other.readable_count_, 0)),
      readable_bytes_(std::exchange(other.readable_bytes_, 0)),
      writable_bytes_(std::exchange(other.writable_bytes_, 0)),
      parts_(std::move(other.parts_)) {
  other.parts_.clear();
}

Chain& Chain::operator=(Chain&& other) noexcept {
  assert(!outstanding_ && "a chain was overwritten before it was pushed");
  head_ = other.head_;
  outstanding_ = std::exchange(other.outstanding_, false);
  readable_count_ = std::exchange(other.readable_count_, 0);
  readable_bytes_ = std::exchange(other.readable_bytes_, 0);
  writable_bytes_ = std::exchange(other.writable_bytes_, 0);
  parts_ = std::move(other.parts_);
  other.parts_.clear();
  return *this;
}

Chain::~Chain() {
  assert(!outstanding_ && "a chain was dropped before it was pushed");
}

void Chain::append(std::span<std::byte> bytes, bool is_writable) {
  uint64_t& total = is_writable ? writable_bytes_ : readable_bytes_;
  const bool continues = total > 0;
  total += bytes.size();
  if (continues) {
    iovec& last = parts_.back();
    if (static_cast<std::byte*>(last.iov_base) + last.iov_len == bytes.data()) {
      last.iov_len += bytes.size();
      return;
    }
  }
  parts_.push_back({bytes.data(), bytes.size()});
  if (!is_writable) {
    ++readable_count_;
  }
}

size_t Chain::copy_out(size_t offset, std::span<std::byte> out) const {
  const size_t copied = for_each_piece(
      readable(), offset, out.size(),
      [&](const std::byte* part, size_t at, size_t n) { std::memcpy(out.data() + at, part, n); });
  // ORDERING: compiler only. The caller checks this copy; the guest may be writing the original.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return copied;
}

size_t Chain::copy_in(size_t offset, std::span<const std::byte> in) const {
  return for_each_piece(writable(), offset, in.size(),
                        [&](std::byte* part, size_t at, size_t n) { std::memcpy(part, in.data() + at, n); });
}

}  // namespace caisson::vmm
