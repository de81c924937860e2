// SPDX-License-Identifier: Apache-2.0
// The name of a container, which is also that of its directory.
#pragma once

#include <string_view>

#include "common/result.h"

namespace caisson::runtime {

// 1 … 1024 of [A-Za-z0-9_+.-], as in runc; not "." or "..".
Result<void> check_id(std::string_view id);

}  // namespace caisson::runtime
