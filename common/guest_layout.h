// SPDX-License-Identifier: Apache-2.0
// Where a guest's RAM lies in its physical addresses, and in which pieces more of it is added while it runs.
// caisson-vmm lays it out, caisson asks the agent to take more of it into use, and the agent does so
// (docs/memory-map.md, docs/decisions/0006-growth.md).
#pragma once

#include <cstdint>
#include <vector>

namespace caisson::guest_layout {

// Physical addresses from here to 4 GiB are devices; RAM that does not fit below goes on above.
inline constexpr uint64_t kHoleStart = 0xc000'0000;
inline constexpr uint64_t kHoleEnd = 0x1'0000'0000;

// Linux on x86-64 adds memory in these units, at multiples of them (SECTION_SIZE_BITS in
// arch/x86/include/asm/sparsemem.h).
inline constexpr uint64_t kBlockBytes = uint64_t{128} << 20;
// Linux that boots with RAM up to 64 GiB of its addresses or more adds larger ones
// (probe_memory_block_size in arch/x86/mm/init_64.c); a machine beyond this does not grow.
inline constexpr uint64_t kLargestGrowingBytes = uint64_t{60} << 30;

// The physical address of byte `offset` of all RAM.
[[nodiscard]] constexpr uint64_t address_of(uint64_t offset) {
  return offset < kHoleStart ? offset : offset + (kHoleEnd - kHoleStart);
}

[[nodiscard]] constexpr uint64_t round_up_to_block(uint64_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

// RAM that the guest's kernel knows: the RAM with which it booted, then whole blocks. The RAM between both,
// up to a multiple of a block, stays unused.
struct Ram {
  uint64_t boot_bytes = 0;
  uint64_t usable_bytes = 0;  // boot_bytes, and the blocks added since

  constexpr bool operator==(const Ram&) const = default;
  // How many bytes of all RAM lie below the end of the usable RAM.
  [[nodiscard]] constexpr uint64_t end() const {
    return usable_bytes == boot_bytes ? boot_bytes
                                      : round_up_to_block(boot_bytes) + (usable_bytes - boot_bytes);
  }
};

// What `now` becomes so that at least `wanted_bytes` are usable.
[[nodiscard]] constexpr Ram grown(Ram now, uint64_t wanted_bytes) {
  if (wanted_bytes > now.usable_bytes) {
    now.usable_bytes += round_up_to_block(wanted_bytes - now.usable_bytes);
  }
  return now;
}

// The physical addresses of the blocks beyond what it booted with that a machine of `ram_bytes` has,
// ascending.
[[nodiscard]] inline std::vector<uint64_t> blocks_between(uint64_t boot_bytes, uint64_t ram_bytes) {
  std::vector<uint64_t> blocks;
  for (uint64_t at = round_up_to_block(boot_bytes); at + kBlockBytes <= ram_bytes; at += kBlockBytes) {
    blocks.push_back(address_of(at));
  }
  return blocks;
}

// The physical addresses of the blocks beyond what `ram` booted with, ascending. Includes blocks that were
// added before: the agent finds out which are there.
[[nodiscard]] inline std::vector<uint64_t> blocks_of(const Ram& ram) {
  return blocks_between(ram.boot_bytes, ram.end());
}

}  // namespace caisson::guest_layout
