// SPDX-License-Identifier: Apache-2.0
// The guest's wall clock, which starts from a device that counts whole seconds, and is steered by the host
// (docs/decisions/0007-clock.md). Used by service/adjust_clock.cpp.
#pragma once

#include <sys/timex.h>

#include <chrono>

#include "common/result.h"

namespace caisson::agent {

// What adjtimex(2) is told for each kind of correction. The arguments are the host's.
[[nodiscard]] timex step_of(std::chrono::nanoseconds by);
[[nodiscard]] timex slew_of(std::chrono::nanoseconds by);
[[nodiscard]] timex rate_of(int64_t ppb);

// Has the kernel do it. Needs CAP_SYS_TIME.
Result<void> adjust(timex what);

}  // namespace caisson::agent
