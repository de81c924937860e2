// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/memory_table.h"

#include <sys/stat.h>

#include <limits>
#include <string>

namespace caisson::vmm::vhost_user {
namespace {

// A page past the end of the file would be a SIGBUS for us at the first touch. The front end can still shrink
// the file later; that ends this process, which is its own sandbox's and nobody else's.
Result<void> check_backed(const MemoryRegion& region, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) < 0) {
    return fail_errno("stat shared guest memory");
  }
  const auto file_bytes = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || region.mmap_offset > file_bytes ||
      region.size_bytes > file_bytes - region.mmap_offset) {
    return fail(EPROTO, "map shared guest memory: region of " + std::to_string(region.size_bytes) +
                            " bytes reaches past its file");
  }
  return {};
}

}  // namespace

Result<MemoryTable> MemoryTable::create(std::vector<SharedRegion> regions) {
  std::vector<GuestMemory::Foreign> foreign;
  std::vector<MemoryRegion> kept;
  for (SharedRegion& shared : regions) {
    const MemoryRegion& region = shared.region;
    if (region.size_bytes == 0 ||
        region.user_address > std::numeric_limits<uint64_t>::max() - region.size_bytes) {
      return fail(EPROTO, "map shared guest memory: region is empty or wraps");
    }
    TRY(check_backed(region, shared.fd.get()));
    kept.push_back(region);
    foreign.push_back({.start = GuestAddress{region.guest_address},
                       .size_bytes = region.size_bytes,
                       .fd_offset = region.mmap_offset,
                       .fd = std::move(shared.fd)});
  }
  return MemoryTable(TRY(GuestMemory::map(std::move(foreign))), std::move(kept));
}

Result<GuestAddress> MemoryTable::translate(uint64_t user_address) const {
  for (const MemoryRegion& region : regions_) {
    if (user_address >= region.user_address && user_address - region.user_address < region.size_bytes) {
      // GuestMemory::map() has refused regions whose guest addresses wrap.
      return GuestAddress{region.guest_address + (user_address - region.user_address)};
    }
  }
  return fail(EPROTO, "translate vring address: it lies in no shared region");
}

}  // namespace caisson::vmm::vhost_user
