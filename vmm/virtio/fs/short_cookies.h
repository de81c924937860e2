// SPDX-License-Identifier: Apache-2.0
// Numbers of 31 bits for the host's positions in directories, some of which are hashes of 63 bits: 32-bit
// programs have no more bits. A number belongs to its directory and not to one opening of it, because the
// guest's kernel keeps listings and shares them between openings. One thread; no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "common/result.h"

namespace caisson::vmm::fs {

class ShortCookies {
 public:
  using IsOpen = std::function<bool(uint64_t directory)>;

  // At most `most` numbers are kept. Numbers of directories that are not open go first.
  ShortCookies(size_t most, IsOpen is_open) : most_(most), is_open_(std::move(is_open)) {}

  // What the guest is told for `position`: a number. A short position is told as it is. So is a long one if
  // there is no room for a number, because 64-bit programs can use it. EOVERFLOW if it would be taken for a
  // number.
  [[nodiscard]] Result<uint64_t> shorten(uint64_t directory, uint64_t position);
  // The position of a number. EINVAL for a number that the guest was never told.
  [[nodiscard]] Result<uint64_t> position(uint64_t directory, uint64_t told) const;

  // Changes whenever numbers were dropped. Listings that the guest has kept from before are then worthless.
  [[nodiscard]] uint64_t epoch() const { return epoch_; }
  [[nodiscard]] size_t size() const { return size_; }
  void clear();

 private:
  struct Directory {
    std::vector<uint64_t> positions;                 // by number
    std::unordered_map<uint64_t, uint32_t> numbers;  // by position
  };
  // Drops the numbers of directories that are not open, except those of `wanted`.
  void make_room(uint64_t wanted);

  size_t most_;
  IsOpen is_open_;
  size_t size_ = 0;
  uint64_t epoch_ = 0;
  std::unordered_map<uint64_t, Directory> directories_;
};

}  // namespace caisson::vmm::fs
