// SPDX-License-Identifier: Apache-2.0
#include "agent/machine/uptime.h"

#include <ctime>

namespace caisson::agent {

uint64_t uptime_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace caisson::agent
