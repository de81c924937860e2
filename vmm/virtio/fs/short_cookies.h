// SPDX-License-Identifier: Apache-2.0
// The host's positions in directories, some of which are hashes of 63 bits, by numbers that fit the 31 bits
// that the programs of a 32-bit guest have for them. A number belongs to its directory, not to who has that
// open: the guest's kernel keeps listings, and reads on from another's. One thread; no I/O.
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

  // At most `most` numbers are kept; those of directories that are not open go first.
  ShortCookies(size_t most, IsOpen is_open) : most_(most), is_open_(std::move(is_open)) {}

  // What the guest is told for `position`. Itself where it is short, and where there is no room for a number:
  // 64-bit programs can do with it. EOVERFLOW where it would be taken for a number.
  [[nodiscard]] Result<uint64_t> shorten(uint64_t directory, uint64_t position);
  // The way back; EINVAL for a number nobody was told.
  [[nodiscard]] Result<uint64_t> position(uint64_t directory, uint64_t told) const;

  // Changes whenever numbers were dropped: what the guest has kept of listings before is worth nothing then.
  [[nodiscard]] uint64_t epoch() const { return epoch_; }
  [[nodiscard]] size_t size() const { return size_; }
  void clear();

 private:
  struct Directory {
    std::vector<uint64_t> positions;                 // by number
    std::unordered_map<uint64_t, uint32_t> numbers;  // by position
  };
  // Drops what no open directory but `wanted` has.
  void make_room(uint64_t wanted);

  size_t most_;
  IsOpen is_open_;
  size_t size_ = 0;
  uint64_t epoch_ = 0;
  std::unordered_map<uint64_t, Directory> directories_;
};

}  // namespace caisson::vmm::fs
