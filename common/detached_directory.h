// SPDX-License-Identifier: Apache-2.0
// A directory that leads nowhere but down. A descriptor as open(2) gives it lies on a mount of the host's,
// and keeps doing so whatever becomes of this process's own mounts and root: "..", again and again, ends at
// the host's root.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

// An O_PATH descriptor of the root of a copy of that mount, which is attached nowhere. Private: no mount is
// passed on either way. `attributes` are MOUNT_ATTR_* that it gets beside those of the original. Takes
// CAP_SYS_ADMIN.
Result<UniqueFd> open_detached_directory(const std::string& path, uint64_t attributes = 0);

}  // namespace caisson
