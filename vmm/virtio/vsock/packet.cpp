// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/packet.h"

#include <algorithm>
#include <string>

namespace caisson::vmm::vsock {

Result<Header> parse_header(const Chain& chain) {
  Header header;
  if (chain.copy_out(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof(header)) {
    return fail(EPROTO,
                "parse vsock packet: " + std::to_string(chain.readable_bytes()) + " bytes hold no header");
  }
  if (header.len > chain.readable_bytes() - sizeof(header)) {
    return fail(EPROTO,
                "parse vsock packet: its length of " + std::to_string(header.len) + " exceeds its buffers");
  }
  return header;
}

void slice(std::span<const iovec> parts, size_t offset, size_t size, std::vector<iovec>& out) {
  out.clear();
  append_slice(parts, offset, size, out);
}

void append_slice(std::span<const iovec> parts, size_t offset, size_t size, std::vector<iovec>& out) {
  for (const iovec& part : parts) {
    if (size == 0) {
      return;
    }
    if (offset >= part.iov_len) {
      offset -= part.iov_len;
      continue;
    }
    const size_t piece = std::min(part.iov_len - offset, size);
    out.push_back({static_cast<std::byte*>(part.iov_base) + offset, piece});
    size -= piece;
    offset = 0;
  }
}

}  // namespace caisson::vmm::vsock
