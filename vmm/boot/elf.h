// SPDX-License-Identifier: Apache-2.0
// Reads the headers of an uncompressed vmlinux: what to load where, and where to enter. Pure: does no I/O and
// touches no guest memory. The file may be a stranger's: everything in it is checked before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

// LIMIT: the ELF header and all program headers lie in this many bytes; linkers put them first.
inline constexpr size_t kElfHeadBytes = 65536;

struct ElfImage {
  struct Segment {
    GuestAddress address{};     // physical
    uint64_t memory_bytes = 0;  // what lies past file_bytes is zero
    uint64_t file_offset = 0;
    uint64_t file_bytes = 0;
  };
  std::vector<Segment> segments;  // by address, not overlapping, none empty, all within [1 MiB, 1 GiB)
  GuestAddress entry{};           // physical, within a segment's file bytes

  [[nodiscard]] GuestAddress end() const;  // of the last segment
};

// `head` holds the first min(file_bytes, kElfHeadBytes) bytes of a file of `file_bytes`.
Result<ElfImage> parse_elf(std::span<const std::byte> head, uint64_t file_bytes);

}  // namespace caisson::vmm
