// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/page_tables.h"

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

// [sdm] 4.5: bits of a page table entry.
constexpr uint64_t kPresent = 1U << 0U;
constexpr uint64_t kWritable = 1U << 1U;
constexpr uint64_t kAccessed = 1U << 5U;
constexpr uint64_t kDirty = 1U << 6U;
constexpr uint64_t kLargePage = 1U << 7U;
constexpr uint64_t kTableBytes = 4096;

}  // namespace

Result<void> write_boot_tables(const GuestMemory& memory) {
  TRY(memory.store(layout::kGdt, kBootGdt));
  const uint64_t root = to_u64(layout::kPageTables);
  const uint64_t gigabytes = root + kTableBytes;
  const uint64_t large_pages = gigabytes + kTableBytes;
  TRY(memory.store(GuestAddress{root}, gigabytes | kPresent | kWritable | kAccessed));
  TRY(memory.store(GuestAddress{gigabytes}, large_pages | kPresent | kWritable | kAccessed));
  std::array<uint64_t, 512> entries{};
  for (uint64_t i = 0; i < entries.size(); ++i) {
    entries[i] = (i << 21U) | kPresent | kWritable | kAccessed | kDirty | kLargePage;
  }
  return memory.store(GuestAddress{large_pages}, entries);
}

}  // namespace caisson::vmm
