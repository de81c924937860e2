// SPDX-License-Identifier: Apache-2.0
// One FUSE request as it was when it arrived: header and arguments copied out of the chain once and checked,
// so that the guest cannot change them afterwards. Does no I/O and never looks at guest memory again.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "common/result.h"
#include "vmm/fuse/wire.h"
#include "vmm/virtio/queue.h"

namespace caisson::vmm::fuse {

// One component of a path: not empty, no '/', neither "." nor "..", at most kMaxName bytes, NUL-terminated
// within the request. Only a Request makes a name of foreign bytes.
class Name {
 public:
  [[nodiscard]] const char* c_str() const { return text_.data(); }
  [[nodiscard]] std::string_view view() const { return text_; }

 private:
  friend class Request;
  explicit Name(std::string_view text) : text_(text) {}
  std::string_view text_;
};

class Request {
 public:
  // The request in `chain`, so far without arguments; EPROTO when it has no header or its length is not the
  // chain's.
  static Result<Request> parse(const Chain& chain);
  // Copies the first `bytes` (at most scratch.size()) after the header into `scratch`, which must outlive the
  // request. `chain` is the one it came in.
  Result<void> copy_arguments(const Chain& chain, size_t bytes, std::span<std::byte> scratch);

  // The request in one message of /dev/fuse, which must outlive the request.
  static Result<Request> parse(std::span<const std::byte> message);

  [[nodiscard]] const fuse_in_header& header() const { return header_; }

  // The next fixed argument.
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<T> take() {
    const std::span<const std::byte> bytes = TRY(take_bytes(sizeof(T)));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] Result<std::span<const std::byte>> take_bytes(size_t size);
  // The next argument, a NUL-terminated string of at most `most` bytes without its NUL. ENAMETOOLONG beyond.
  [[nodiscard]] Result<std::string_view> take_string(size_t most);
  [[nodiscard]] Result<Name> take_name();

  // What follows the copied part in the chain (the payload of WRITE).
  [[nodiscard]] size_t payload_offset() const { return sizeof(fuse_in_header) + arguments_.size(); }
  [[nodiscard]] size_t payload_bytes() const { return header_.len - payload_offset(); }

 private:
  Request(const fuse_in_header& header, std::span<const std::byte> arguments)
      : header_(header), arguments_(arguments) {}

  fuse_in_header header_;
  std::span<const std::byte> arguments_;
  size_t taken_ = 0;
};

}  // namespace caisson::vmm::fuse
