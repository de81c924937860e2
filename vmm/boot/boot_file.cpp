// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/boot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace caisson::vmm {
BootFile::BootFile(UniqueFd fd, uint64_t size_bytes, std::string description)
    : fd_(std::move(fd)), size_bytes_(size_bytes), description_(std::move(description)) {}

Result<BootFile> BootFile::open(std::string what, const std::string& path) {
  std::string description = std::move(what) + " " + path;
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open " + description);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) {
    return fail_errno("stat " + description);
  }
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) {
    return fail(EINVAL, "open " + description + ": not a regular file, or empty");
  }
  return BootFile(std::move(fd), static_cast<uint64_t>(status.st_size), std::move(description));
}

Result<std::vector<std::byte>> BootFile::read_head(size_t limit_bytes) const {
  std::vector<std::byte> head(std::min<uint64_t>(size_bytes_, limit_bytes));
  TRY(read_into(head.data(), 0, head.size()));
  return head;
}

Result<void> BootFile::read_into(std::byte* to, uint64_t offset, uint64_t size_bytes) const {
  while (size_bytes > 0) {
    const ssize_t count = ::pread(fd_.get(), to, size_bytes, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return fail_errno("read " + description_);
    }
    if (count == 0) {
      return fail(EIO, "read " + description_ + ": it became shorter meanwhile");
    }
    to += count;
    offset += static_cast<uint64_t>(count);
    size_bytes -= static_cast<uint64_t>(count);
  }
  return {};
}

Result<void> BootFile::place(const GuestMemory& memory, GuestAddress address, uint64_t offset,
                             uint64_t size_bytes) const {
  if (size_bytes == 0) {
    return {};
  }
  return read_into(TRY_CONTEXT("place " + description_, memory.span(address, size_bytes)).data(), offset,
                   size_bytes);
}

}  // namespace caisson::vmm
