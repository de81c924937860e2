// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace caisson::agent {

// Nanoseconds since the guest's kernel started, time asleep included (CLOCK_BOOTTIME, of which
// /proc/<pid>/stat counts).
uint64_t uptime_ns();

}  // namespace caisson::agent
