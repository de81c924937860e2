// SPDX-License-Identifier: Apache-2.0
#include "vmm/memory/guest_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <string>

namespace caisson::vmm {

namespace {

constexpr uint64_t kPageBytes = 4096;

// glibc 2.36 has no name for it: linux/mman.h, which cannot be included beside sys/mman.h.
constexpr int kAdviseCollapse = 25;

// LIMIT: a vhost-user front end describes RAM in a handful of regions; more is not a machine of ours.
constexpr size_t kMaxRegions = 32;

std::string describe(GuestAddress address, uint64_t size_bytes) {
  return std::to_string(size_bytes) + " bytes at guest address " + std::to_string(to_u64(address));
}

Result<UniqueFd> create_file(size_t size_bytes) {
  UniqueFd fd(::memfd_create("caisson-guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) {
    return fail_errno("create guest memory");
  }
  if (::ftruncate(fd.get(), static_cast<off_t>(size_bytes)) < 0) {
    return fail_errno("size guest memory to " + std::to_string(size_bytes) + " bytes");
  }
  // Linux makes it everybody's (mode 0777), which counts for whoever can name a descriptor of ours or QEMU's.
  if (::fchmod(fd.get(), 0600) < 0) {
    return fail_errno("restrict guest memory");
  }
  // QEMU maps the same file: sealed, it cannot shrink it under our feet (SIGBUS).
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    return fail_errno("seal guest memory");
  }
  return fd;
}

}  // namespace

// One mmap of the host, and the descriptor behind it.
struct GuestMemory::Mapping {
  void* base = nullptr;
  size_t size_bytes = 0;
  UniqueFd fd;

  Mapping(void* mapped, size_t size, UniqueFd descriptor)
      : base(mapped), size_bytes(size), fd(std::move(descriptor)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(base, size_bytes); }

  static Result<std::unique_ptr<Mapping>> create(size_t size_bytes, int fd, uint64_t offset) {
    auto mapping = TRY(reserve(size_bytes, PROT_NONE));
    if (::mmap(mapping->base, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd,
               static_cast<off_t>(offset)) == MAP_FAILED) {
      return fail_errno("map guest memory of " + std::to_string(size_bytes) + " bytes");
    }
    // A core dump of the VMM must not carry the guest's secrets, nor its gigabytes. Failure costs only that.
    (void)::madvise(mapping->base, size_bytes, MADV_DONTDUMP);
    return mapping;
  }

  static Result<std::unique_ptr<Mapping>> create_private(size_t size_bytes) {
    auto mapping = TRY(reserve(size_bytes, PROT_READ | PROT_WRITE));
    // A host without huge pages refuses the first; either failure costs only what it was to bring.
    (void)::madvise(mapping->base, size_bytes, MADV_HUGEPAGE);
    (void)::madvise(mapping->base, size_bytes, MADV_DONTDUMP);
    return mapping;
  }

 private:
  // Private pages with `protection`, aligned so that guest and host agree on where huge pages begin. A front
  // end's region need not end with a page; what is reserved does, or the unused tail could not be given back.
  static Result<std::unique_ptr<Mapping>> reserve(size_t size_bytes, int protection) {
    const size_t whole_pages = (size_bytes + kPageBytes - 1) & ~(kPageBytes - 1);
    void* const base = ::mmap(nullptr, whole_pages + kHugePageBytes, protection,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
      return fail_errno("map guest memory of " + std::to_string(size_bytes) + " bytes");
    }
    const auto start = reinterpret_cast<uintptr_t>(base);
    const uintptr_t aligned = (start + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
    auto* const first = static_cast<std::byte*>(base) + (aligned - start);
    if (aligned != start) {
      ::munmap(base, aligned - start);
    }
    ::munmap(first + whole_pages, kHugePageBytes - (aligned - start));
    return std::make_unique<Mapping>(first, size_bytes, UniqueFd());
  }
};

GuestMemory::GuestMemory() = default;
GuestMemory::GuestMemory(GuestMemory&&) noexcept = default;
GuestMemory& GuestMemory::operator=(GuestMemory&&) noexcept = default;
GuestMemory::~GuestMemory() = default;

Result<GuestMemory> GuestMemory::create(size_t size_bytes, Backing backing) {
  if (size_bytes == 0 || size_bytes % kPageBytes != 0) {
    return fail(EINVAL,
                "create guest memory: " + std::to_string(size_bytes) + " bytes is not a multiple of 4 KiB");
  }
  UniqueFd file;
  if (backing == Backing::shared_file) {
    file = TRY(create_file(size_bytes));
  }
  const int fd = file.get();
  GuestMemory memory;
  const auto add = [&memory, fd](uint64_t start, uint64_t bytes, uint64_t offset) -> Result<void> {
    auto mapping = TRY(fd < 0 ? Mapping::create_private(bytes) : Mapping::create(bytes, fd, offset));
    memory.regions_.push_back(
        {GuestAddress{start}, bytes, static_cast<std::byte*>(mapping->base), fd, offset});
    memory.owned_.push_back(std::move(mapping));
    return {};
  };
  const uint64_t low_bytes = std::min<uint64_t>(size_bytes, kHoleStart);
  TRY(add(0, low_bytes, 0));
  if (size_bytes > low_bytes) {
    TRY(add(kHoleEnd, size_bytes - low_bytes, low_bytes));
  }
  memory.owned_.front()->fd = std::move(file);
  return memory;
}

Result<GuestMemory> GuestMemory::map(std::vector<Foreign> regions) {
  if (regions.empty() || regions.size() > kMaxRegions) {
    return fail(EINVAL, "map guest memory: " + std::to_string(regions.size()) + " regions");
  }
  std::ranges::sort(regions, {}, [](const Foreign& region) { return to_u64(region.start); });
  GuestMemory memory;
  uint64_t end_of_previous = 0;
  for (Foreign& region : regions) {
    const uint64_t start = to_u64(region.start);
    const std::string what = "map guest memory: " + describe(region.start, region.size_bytes);
    if (region.size_bytes == 0 || region.size_bytes > std::numeric_limits<uint64_t>::max() - start) {
      return fail(EINVAL, what + ": empty or wraps");
    }
    if (start < end_of_previous) {
      return fail(EINVAL, what + ": overlaps another region");
    }
    end_of_previous = start + region.size_bytes;
    struct stat status {};
    if (::fstat(region.fd.get(), &status) < 0) {
      return fail_errno(what);
    }
    const auto file_bytes = static_cast<uint64_t>(status.st_size);
    if (region.fd_offset % kPageBytes != 0 || region.fd_offset > file_bytes ||
        region.size_bytes > file_bytes - region.fd_offset) {
      return fail(EINVAL, what + ": offset " + std::to_string(region.fd_offset) + " does not fit its file");
    }
    auto mapping = TRY_CONTEXT(what, Mapping::create(region.size_bytes, region.fd.get(), region.fd_offset));
    memory.regions_.push_back({region.start, region.size_bytes, static_cast<std::byte*>(mapping->base),
                               region.fd.get(), region.fd_offset});
    mapping->fd = std::move(region.fd);
    memory.owned_.push_back(std::move(mapping));
  }
  return memory;
}

GuestMemory GuestMemory::borrow(GuestAddress start, std::span<std::byte> bytes) {
  GuestMemory memory;
  memory.regions_.push_back({start, bytes.size(), bytes.data(), -1, 0});
  return memory;
}

uint64_t GuestMemory::back_with_huge_pages(GuestAddress start, uint64_t size_bytes) const {
  const uint64_t end = to_u64(start) + size_bytes;
  uint64_t backed = 0;
  for (uint64_t at = to_u64(start) & ~(kHugePageBytes - 1); at < end; at += kHugePageBytes) {
    const auto bytes = span(GuestAddress{at}, kHugePageBytes);
    if (!bytes) {
      break;  // past the end of RAM
    }
    // Linux collapses only where at least one page is: a read makes it, and disturbs no one who writes.
    (void)*static_cast<volatile const std::byte*>(bytes->data());
    if (::madvise(bytes->data(), kHugePageBytes, kAdviseCollapse) == 0) {
      backed += kHugePageBytes;
    }
  }
  return backed;
}

std::span<const GuestMemory::Region> GuestMemory::regions() const {
  return regions_;
}

Result<std::span<std::byte>> GuestMemory::span(GuestAddress address, uint64_t size_bytes) const {
  const uint64_t wanted = to_u64(address);
  for (const Region& region : regions_) {
    const uint64_t start = to_u64(region.start);
    // Subtractions of what was compared before, so that nothing wraps.
    if (wanted >= start && wanted - start < region.size_bytes &&
        size_bytes <= region.size_bytes - (wanted - start)) {
      return std::span<std::byte>(region.host + (wanted - start), size_bytes);
    }
  }
  return fail(EFAULT, "access guest memory: " + describe(address, size_bytes) + " is outside it");
}

}  // namespace caisson::vmm
