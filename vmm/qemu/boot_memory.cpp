// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/boot_memory.h"

namespace caisson::vmm {
namespace {

// As seen in the holes that a booted guest leaves in its memory's file: the first 2 MiB, the kernel with the
// 8 MiB before it, and the last 10 MiB of what Linux boots with. QEMU puts the initramfs at the end of all
// RAM below the hole; where Linux does not boot with that, it copies it to the end of what it does boot with.
constexpr uint64_t kMiB = uint64_t{1} << 20U;
constexpr uint64_t kKernelStart = 16 * kMiB;  // where guest-kernel/ links it
constexpr uint64_t kUsedBeforeKernel = 8 * kMiB;
constexpr uint64_t kUsedAtTheEnd = 10 * kMiB;

}  // namespace

void back_boot_memory(const GuestMemory& memory, const BootSizes& sizes) {
  memory.back_with_huge_pages(GuestAddress{0}, 2 * kMiB);
  memory.back_with_huge_pages(GuestAddress{kKernelStart - kUsedBeforeKernel},
                              kUsedBeforeKernel + sizes.kernel_bytes);
  const uint64_t last = guest_layout::address_of(sizes.memory_bytes - kUsedAtTheEnd);
  memory.back_with_huge_pages(GuestAddress{last}, kUsedAtTheEnd);
  const GuestMemory::Region& low = memory.regions().front();
  if (low.size_bytes > sizes.memory_bytes) {
    memory.back_with_huge_pages(GuestAddress{low.size_bytes - sizes.initramfs_bytes}, sizes.initramfs_bytes);
  }
}

}  // namespace caisson::vmm
