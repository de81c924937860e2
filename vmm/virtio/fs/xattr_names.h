// SPDX-License-Identifier: Apache-2.0
// The extended attributes that the guest may name, and their names on the host's disk. Used by the
// operations of xattr.cpp; no I/O.
//
// Served as they are: `user.*`, file capabilities and POSIX access lists. `trusted.*` is kept as
// `user.caisson.trusted.*`: only root of the guest can name it there (its kernel asks for CAP_SYS_ADMIN), and
// it means nothing to the host's kernel, where an overlay would obey the real one. Whatever else begins with
// `user.caisson.` is hidden, and what is left is the host's business.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::vmm::fs {

// EOPNOTSUPP for names that are not served, ERANGE for those too long for the host.
[[nodiscard]] Result<std::string> host_xattr_name(std::string_view guest_name);

// Part of `host_name`. None for an attribute that the guest must not see.
[[nodiscard]] std::optional<std::string_view> guest_xattr_name(std::string_view host_name);

}  // namespace caisson::vmm::fs
