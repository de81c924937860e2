// SPDX-License-Identifier: Apache-2.0
#include "vmm/fuse/reply.h"

#include <algorithm>

namespace caisson::vmm::fuse {

void slice(std::span<const iovec> parts, uint64_t offset, uint64_t bytes, std::vector<iovec>& out) {
  out.clear();
  for (const iovec& part : parts) {
    if (bytes == 0) {
      return;
    }
    if (offset >= part.iov_len) {
      offset -= part.iov_len;
      continue;
    }
    const uint64_t size = std::min<uint64_t>(part.iov_len - offset, bytes);
    out.push_back({.iov_base = static_cast<std::byte*>(part.iov_base) + offset, .iov_len = size});
    bytes -= size;
    offset = 0;
  }
}

Result<void> Reply::put_bytes(std::span<const std::byte> bytes) {
  if (bytes.size() > room()) {
    return refuse(ERANGE);
  }
  chain_->copy_in(sizeof(fuse_out_header) + payload_, bytes);
  payload_ += bytes.size();
  return {};
}

uint32_t Reply::finish(uint64_t unique, int error) {
  if (error != 0) {
    payload_ = 0;
  }
  const fuse_out_header header{
      .len = static_cast<uint32_t>(sizeof(fuse_out_header) + payload_), .error = -error, .unique = unique};
  chain_->copy_in(0, std::as_bytes(std::span(&header, 1)));
  return header.len;
}

}  // namespace caisson::vmm::fuse
