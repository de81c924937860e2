// SPDX-License-Identifier: Apache-2.0
#include "vmm/fuse/request.h"

#include <algorithm>

namespace caisson::vmm::fuse {

Result<Request> Request::parse(const Chain& chain) {
  fuse_in_header header;
  if (chain.copy_out(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof(header)) {
    return refuse(EPROTO);
  }
  // [virtio-1.2] 5.11.6.1: the device-readable part is the request, all of it.
  if (header.len != chain.readable_bytes()) {
    return refuse(EPROTO);
  }
  return Request(header, {});
}

Result<void> Request::copy_arguments(const Chain& chain, size_t bytes, std::span<std::byte> scratch) {
  const size_t present = header_.len - sizeof(header_);
  const std::span<std::byte> arguments = scratch.first(std::min({present, bytes, scratch.size()}));
  if (chain.copy_out(sizeof(header_), arguments) != arguments.size()) {
    return refuse(EPROTO);
  }
  arguments_ = arguments;
  taken_ = 0;
  return {};
}

Result<Request> Request::parse(std::span<const std::byte> message) {
  fuse_in_header header;
  if (message.size() < sizeof(header)) {
    return refuse(EPROTO);
  }
  std::memcpy(&header, message.data(), sizeof(header));
  if (header.len != message.size()) {
    return refuse(EPROTO);
  }
  return Request(header, message.subspan(sizeof(header)));
}

Result<std::span<const std::byte>> Request::take_bytes(size_t size) {
  if (size > arguments_.size() - taken_) {
    return refuse(EINVAL);
  }
  const auto bytes = arguments_.subspan(taken_, size);
  taken_ += size;
  return bytes;
}

Result<std::string_view> Request::take_string(size_t most) {
  const auto rest = arguments_.subspan(taken_);
  const auto* text = reinterpret_cast<const char*>(rest.data());
  const size_t length = ::strnlen(text, std::min(rest.size(), most + 1));
  if (length > most) {
    return refuse(ENAMETOOLONG);
  }
  if (length == rest.size()) {
    return refuse(EINVAL);  // no NUL
  }
  taken_ += length + 1;
  return std::string_view(text, length);
}

Result<Name> Request::take_name() {
  const std::string_view text = TRY(take_string(kMaxName));
  if (text.empty() || text == "." || text == ".." || text.find('/') != std::string_view::npos) {
    return refuse(EINVAL);
  }
  return Name(text);
}

}  // namespace caisson::vmm::fuse
