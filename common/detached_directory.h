// SPDX-License-Identifier: Apache-2.0
// A directory from which no path leads up. A descriptor by open(2) lies on a mount of the host's, whatever
// happens to this process's own mounts and root: "..", again and again, ends at the host's root.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

// Returns an O_PATH descriptor of the root of a copy of that mount. The copy is attached nowhere and private:
// it passes no mount on either way. It gets `attributes` (MOUNT_ATTR_*) beside those of the original. Needs
// CAP_SYS_ADMIN.
Result<UniqueFd> open_detached_directory(const std::string& path, uint64_t attributes = 0);

}  // namespace caisson
