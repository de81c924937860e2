// SPDX-License-Identifier: Apache-2.0
// A time as Go writes durations: a number and a unit, "500ms", "5s", "1m", "2h". Used by events.
#pragma once

#include <chrono>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime {

// EINVAL, in runc's words, for any other text, and for a time that is not above zero.
Result<std::chrono::milliseconds> parse_interval(std::string_view text);

}  // namespace caisson::runtime
