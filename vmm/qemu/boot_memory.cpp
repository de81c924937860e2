// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/boot_memory.h"

namespace caisson::vmm {
namespace {

// As seen in the holes that a booted guest leaves in its memory's file: the first 2 MiB, the kernel with the
// 8 MiB before it, and the last 10 MiB.
constexpr uint64_t kMiB = uint64_t{1} << 20U;
constexpr uint64_t kKernelStart = 16 * kMiB;  // where guest-kernel/ links it
constexpr uint64_t kUsedBeforeKernel = 8 * kMiB;
constexpr uint64_t kUsedAtTheEnd = 10 * kMiB;

}  // namespace

void back_boot_memory(const GuestMemory& memory, uint64_t kernel_bytes) {
  memory.back_with_huge_pages(GuestAddress{0}, 2 * kMiB);
  memory.back_with_huge_pages(GuestAddress{kKernelStart - kUsedBeforeKernel},
                              kUsedBeforeKernel + kernel_bytes);
  const GuestMemory::Region& last = memory.regions().back();
  memory.back_with_huge_pages(GuestAddress{to_u64(last.start) + last.size_bytes - kUsedAtTheEnd},
                              kUsedAtTheEnd);
}

}  // namespace caisson::vmm
