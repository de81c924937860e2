// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/xattr_names.h"

#include <algorithm>
#include <array>

#include "vmm/fuse/wire.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;

namespace {

constexpr std::string_view kUser = "user.";
constexpr std::string_view kTrusted = "trusted.";
constexpr std::string_view kOurs = "user.caisson.";
constexpr std::array<std::string_view, 3> kServed = {"security.capability", "system.posix_acl_access",
                                                     "system.posix_acl_default"};

bool is_below(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && name.size() > prefix.size();
}

bool is_served_as_it_is(std::string_view name) {
  return (is_below(name, kUser) && !name.starts_with(kOurs)) ||
         std::find(kServed.begin(), kServed.end(), name) != kServed.end();
}

}  // namespace

Result<std::string> host_xattr_name(std::string_view guest_name) {
  if (is_below(guest_name, kTrusted)) {
    if (kOurs.size() + guest_name.size() > fuse::kMaxName) {
      return refuse(ERANGE);
    }
    return std::string(kOurs).append(guest_name);
  }
  if (guest_name == kUser || guest_name == kTrusted || guest_name == "security.") {
    return refuse(EINVAL);  // a namespace, and no name in it
  }
  if (!is_served_as_it_is(guest_name)) {
    return refuse(EOPNOTSUPP);
  }
  return std::string(guest_name);
}

std::optional<std::string_view> guest_xattr_name(std::string_view host_name) {
  if (host_name.starts_with(kOurs)) {
    const std::string_view kept = host_name.substr(kOurs.size());
    return is_below(kept, kTrusted) ? std::optional(kept) : std::nullopt;
  }
  return is_served_as_it_is(host_name) ? std::optional(host_name) : std::nullopt;
}

}  // namespace caisson::vmm::fs
