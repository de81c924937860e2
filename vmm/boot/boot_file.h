// SPDX-License-Identifier: Apache-2.0
// A file (kernel or initramfs) that becomes part of guest memory. It is copied: mapping it over the RAM
// instead would share a few MiB between guests, but cut the RAM's huge pages up, and each small page costs
// the guest a fault (docs/budgets.md has both figures).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

class BootFile {
 public:
  // `what` names it in errors, e.g. "guest kernel". Refuses a file that is empty or not a regular one.
  static Result<BootFile> open(std::string what, const std::string& path);

  [[nodiscard]] uint64_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] const std::string& description() const { return description_; }

  // The first min(size, limit) bytes.
  Result<std::vector<std::byte>> read_head(size_t limit_bytes) const;

  // Copies the bytes [offset, offset + size) of the file, which must be there, to `address`.
  Result<void> place(const GuestMemory& memory, GuestAddress address, uint64_t offset,
                     uint64_t size_bytes) const;

 private:
  BootFile(UniqueFd fd, uint64_t size_bytes, std::string description);
  Result<void> read_into(std::byte* to, uint64_t offset, uint64_t size_bytes) const;

  UniqueFd fd_;
  uint64_t size_bytes_;
  std::string description_;
};

}  // namespace caisson::vmm
