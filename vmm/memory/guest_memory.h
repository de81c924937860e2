// SPDX-License-Identifier: Apache-2.0
// The one gate to guest memory. Every access by a device, a transport or the boot loader goes through span(),
// load() or store(), which check bounds. What is read here is hostile: copy once, check the copy, use the
// copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "common/guest_layout.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

// A guest physical address, in bytes. Arithmetic is explicit so that it is seen to be checked.
enum class GuestAddress : uint64_t {};

[[nodiscard]] constexpr uint64_t to_u64(GuestAddress address) {
  return static_cast<uint64_t>(address);
}

class GuestMemory {
 public:
  // One contiguous piece of guest RAM, backed by `fd` at `fd_offset` and mapped at `host`.
  struct Region {
    GuestAddress start{};
    size_t size_bytes = 0;
    std::byte* host = nullptr;
    int fd = -1;  // owned by the GuestMemory; -1 where memory is borrowed (tests, fuzzers)
    uint64_t fd_offset = 0;
  };

  // Guest physical addresses between these are devices (docs/memory-map.md).
  static constexpr uint64_t kHoleStart = guest_layout::kHoleStart;
  static constexpr uint64_t kHoleEnd = guest_layout::kHoleEnd;

  static constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;

  enum class Backing {
    shared_file,    // one memfd, which another process may map
    private_pages,  // anonymous; the kernel may use huge pages, which cost one fault instead of 512
  };

  // Fresh zeroed RAM of `size_bytes` (a multiple of 4 KiB), laid out as docs/memory-map.md says: from 0 up to
  // the 32-bit hole, and the rest from 4 GiB. Nothing is touched, so nothing is resident.
  static Result<GuestMemory> create(size_t size_bytes, Backing backing = Backing::shared_file);

  // Gives every 2 MiB that [start, start + size) touches one page of the host, at once, under any policy of
  // the host's for shared memory (MADV_COLLAPSE, Linux 6.1): one page fault in each process instead of 512.
  // For memory that will all be used: it is resident afterwards. Content is kept, others may be writing it.
  // Returns how many bytes are so backed now; a host that cannot do it costs only speed.
  uint64_t back_with_huge_pages(GuestAddress start, uint64_t size_bytes) const;

  // RAM described by a vhost-user front end: maps each region of the given descriptors (taken over).
  // Regions must not overlap nor wrap; offsets are multiples of the page size; the file must hold all of it.
  struct Foreign {
    GuestAddress start{};
    uint64_t size_bytes = 0;
    uint64_t fd_offset = 0;
    UniqueFd fd;
  };
  static Result<GuestMemory> map(std::vector<Foreign> regions);

  // Memory the caller owns and keeps alive, for unit tests and fuzzers.
  static GuestMemory borrow(GuestAddress start, std::span<std::byte> bytes);

  GuestMemory(GuestMemory&&) noexcept;
  GuestMemory& operator=(GuestMemory&&) noexcept;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;
  ~GuestMemory();  // unmaps and closes

  [[nodiscard]] std::span<const Region> regions() const;

  // The bytes [address, address + size), which must lie in one region. The guest may write them at any
  // moment.
  [[nodiscard]] Result<std::span<std::byte>> span(GuestAddress address, uint64_t size_bytes) const;

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<T> load(GuestAddress address) const {
    const std::span<std::byte> bytes = TRY(span(address, sizeof(T)));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    // ORDERING: compiler only. What is checked must be this copy; without the fence the compiler may read
    // again.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return value;
  }

  template <typename T>
  requires std::is_trivially_copyable_v<T> Result<void> store(GuestAddress address, const T& value)
  const {
    const std::span<std::byte> bytes = TRY(span(address, sizeof(T)));
    std::memcpy(bytes.data(), &value, sizeof(T));
    return {};
  }

 private:
  struct Mapping;
  GuestMemory();
  std::vector<Region> regions_;                  // sorted by start
  std::vector<std::unique_ptr<Mapping>> owned_;  // what the destructor unmaps
};

}  // namespace caisson::vmm
