// SPDX-License-Identifier: Apache-2.0
// SETXATTR, GETXATTR, LISTXATTR and REMOVEXATTR: those names that are data to the host, or that its kernel
// enforces for files only the guest uses. Others (trusted.*, security.selinux, …) are the host's business:
// EOPNOTSUPP.
#include <sys/xattr.h>

#include <algorithm>
#include <array>

#include "vmm/devices/virtio/fs/server.h"

namespace caisson::vmm::fs {
namespace {

constexpr std::string_view kUser = "user.";
constexpr std::array<std::string_view, 3> kServed = {"security.capability", "system.posix_acl_access",
                                                     "system.posix_acl_default"};

bool is_served(std::string_view name) {
  return (name.starts_with(kUser) && name.size() > kUser.size()) ||
         std::find(kServed.begin(), kServed.end(), name) != kServed.end();
}

}  // namespace

// The file by its descriptor's number, relative to the thread's working directory (credentials.h).
Result<OwnDescriptors::Name> Server::xattr_path(Node& node, std::string_view name) {
  if (node.from == nullptr || node.is_veiled || !is_served(name)) {
    return refuse(EOPNOTSUPP);
  }
  return OwnDescriptors::name(TRY(nodes_.descriptor(node)));
}

Result<void> Server::setxattr(Request& in, Reply& /*out*/) {
  fuse_setxattr_in arguments{};
  // [fuse] The struct grew; which one is sent was agreed on by INIT.
  const size_t size = has_setxattr_ext_ ? sizeof(arguments) : FUSE_COMPAT_SETXATTR_IN_SIZE;
  const auto bytes = TRY(in.take_bytes(size));
  std::memcpy(&arguments, bytes.data(), bytes.size());
  const std::string_view name = TRY(in.take_string(kMaxName));
  if (arguments.size > kMaxXattr) {
    return refuse(E2BIG);
  }
  const auto value = TRY(in.take_bytes(arguments.size));
  const NodePin node = TRY(node_of(in));
  TRY(check_writable(*node));
  const auto path = TRY(xattr_path(*node, name));
  const WithoutFsetid drop((arguments.setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) != 0);
  if (::setxattr(path.data(), name.data(), value.data(), value.size(), static_cast<int>(arguments.flags)) !=
      0) {
    return refuse_errno();
  }
  return {};
}

// [fuse] Size 0 asks for the length alone.
Result<void> Server::put_value(uint32_t wanted, size_t length, Reply& out) {
  if (wanted == 0) {
    fuse_getxattr_out answer{};
    answer.size = static_cast<uint32_t>(length);
    return out.put(answer);
  }
  if (length > wanted) {
    return refuse(ERANGE);
  }
  return out.put_bytes(std::span(value_).first(length));
}

Result<void> Server::getxattr(Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_getxattr_in>());
  const std::string_view name = TRY(in.take_string(kMaxName));
  const NodePin node = TRY(node_of(in));
  // Where there can be no access list there is none: the guest's kernel takes EOPNOTSUPP for a failure of the
  // access itself, for everybody but the owner.
  const bool is_access_list = name.starts_with("system.posix_acl_");
  if (is_access_list && (node->from == nullptr || node->is_veiled)) {
    return refuse(ENODATA);
  }
  const auto path = TRY(xattr_path(*node, name));
  value_.resize(kMaxXattr);
  const ssize_t length = ::getxattr(path.data(), name.data(), value_.data(), value_.size());
  if (length < 0) {
    return is_access_list && errno == EOPNOTSUPP ? refuse(ENODATA) : refuse_errno();
  }
  return put_value(arguments.size, static_cast<size_t>(length), out);
}

Result<void> Server::listxattr(Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_getxattr_in>());
  const NodePin node = TRY(node_of(in));
  value_.resize(kMaxXattr);
  size_t kept = 0;
  if (node->from != nullptr && !node->is_veiled) {
    const auto path = OwnDescriptors::name(TRY(nodes_.descriptor(*node)));
    auto* names = reinterpret_cast<char*>(value_.data());
    const ssize_t length = ::listxattr(path.data(), names, value_.size());
    if (length < 0) {
      return refuse_errno();
    }
    // Moves the served names to the front; each ends with a NUL.
    for (size_t at = 0; at < static_cast<size_t>(length);) {
      const std::string_view name(names + at);
      const size_t size = name.size() + 1;
      if (is_served(name)) {
        std::copy_n(names + at, size, names + kept);
        kept += size;
      }
      at += size;
    }
  }
  return put_value(arguments.size, kept, out);
}

Result<void> Server::removexattr(Request& in, Reply& /*out*/) {
  const std::string_view name = TRY(in.take_string(kMaxName));
  const NodePin node = TRY(node_of(in));
  TRY(check_writable(*node));
  const auto path = TRY(xattr_path(*node, name));
  if (::removexattr(path.data(), name.data()) != 0) {
    return refuse_errno();
  }
  return {};
}

}  // namespace caisson::vmm::fs
