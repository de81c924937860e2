// SPDX-License-Identifier: Apache-2.0
// SETXATTR, GETXATTR, LISTXATTR and REMOVEXATTR, by the names of xattr_names.h.
#include <sys/xattr.h>

#include <algorithm>

#include "vmm/virtio/fs/server.h"
#include "vmm/virtio/fs/xattr_names.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

// The file by its descriptor's number, relative to the thread's working directory (credentials.h).
Result<OwnDescriptors::Name> Server::xattr_path(Node& node) {
  if (node.from == nullptr || node.is_veiled) {
    return refuse(EOPNOTSUPP);
  }
  return OwnDescriptors::name(TRY(nodes_.descriptor(node)));
}

Result<void> Server::setxattr(Call& call) {
  fuse_setxattr_in arguments{};
  // [fuse] The struct grew; which one is sent was agreed on by INIT.
  const size_t size = has_setxattr_ext_ ? sizeof(arguments) : FUSE_COMPAT_SETXATTR_IN_SIZE;
  const auto bytes = TRY(call.in.take_bytes(size));
  std::memcpy(&arguments, bytes.data(), bytes.size());
  const std::string name = TRY(host_xattr_name(TRY(call.in.take_string(fuse::kMaxName))));
  if (arguments.size > kMaxXattr) {
    return refuse(E2BIG);
  }
  const auto value = TRY(call.in.take_bytes(arguments.size));
  const NodePin node = TRY(node_of(call));
  TRY(check_writable(*node));
  const auto path = TRY(xattr_path(*node));
  const WithoutFsetid drop((arguments.setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) != 0);
  if (::setxattr(path.data(), name.c_str(), value.data(), value.size(), static_cast<int>(arguments.flags)) !=
      0) {
    return refuse_errno();
  }
  return {};
}

namespace {

// [fuse] Size 0 asks for the length alone.
Result<void> put_value(uint32_t wanted, std::span<const std::byte> value, Call& call) {
  if (wanted == 0) {
    fuse_getxattr_out answer{};
    answer.size = static_cast<uint32_t>(value.size());
    return call.out.put(answer);
  }
  if (value.size() > wanted) {
    return refuse(ERANGE);
  }
  return call.out.put_bytes(value);
}

}  // namespace

Result<void> Server::getxattr(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_getxattr_in>());
  const std::string name = TRY(host_xattr_name(TRY(call.in.take_string(fuse::kMaxName))));
  const NodePin node = TRY(node_of(call));
  // Where there can be no access list there is none: the guest's kernel takes EOPNOTSUPP for a failure of the
  // access itself, for everybody but the owner.
  const bool is_access_list = name.starts_with("system.posix_acl_");
  if (is_access_list && (node->from == nullptr || node->is_veiled)) {
    return refuse(ENODATA);
  }
  const auto path = TRY(xattr_path(*node));
  const std::span<std::byte> value = call.value(kMaxXattr);
  const ssize_t length = ::getxattr(path.data(), name.c_str(), value.data(), value.size());
  if (length < 0) {
    return is_access_list && errno == EOPNOTSUPP ? refuse(ENODATA) : refuse_errno();
  }
  return put_value(arguments.size, value.first(static_cast<size_t>(length)), call);
}

Result<void> Server::listxattr(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_getxattr_in>());
  const NodePin node = TRY(node_of(call));
  const std::span<std::byte> value = call.value(kMaxXattr);
  size_t kept = 0;
  if (node->from != nullptr && !node->is_veiled) {
    const auto path = OwnDescriptors::name(TRY(nodes_.descriptor(*node)));
    auto* names = reinterpret_cast<char*>(value.data());
    const ssize_t length = ::listxattr(path.data(), names, value.size());
    if (length < 0) {
      return refuse_errno();
    }
    // Moves the served names to the front; each ends with a NUL, and none is longer than it was.
    for (size_t at = 0; at < static_cast<size_t>(length);) {
      const std::string_view name(names + at);
      at += name.size() + 1;
      if (const auto served = guest_xattr_name(name)) {
        std::copy_n(served->data(), served->size() + 1, names + kept);
        kept += served->size() + 1;
      }
    }
  }
  return put_value(arguments.size, value.first(kept), call);
}

Result<void> Server::removexattr(Call& call) {
  const std::string name = TRY(host_xattr_name(TRY(call.in.take_string(fuse::kMaxName))));
  const NodePin node = TRY(node_of(call));
  TRY(check_writable(*node));
  const auto path = TRY(xattr_path(*node));
  if (::removexattr(path.data(), name.c_str()) != 0) {
    return refuse_errno();
  }
  return {};
}

}  // namespace caisson::vmm::fs
