// SPDX-License-Identifier: Apache-2.0
// The host's exports as the guest sees them: children of one directory. Names come from the host, and are
// checked all the same: a name must never become a path.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::agent {

// EINVAL unless `name` is 1 … 64 of [A-Za-z0-9_.-] and neither "." nor "..".
Result<void> check_export_name(const std::string& name);

}  // namespace caisson::agent
