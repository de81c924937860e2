// SPDX-License-Identifier: Apache-2.0
// Lists of CPUs as cpuset(7) writes them: 0-3,7.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::runtime::oci {

// LIMIT: what a cpu_set_t holds, and the kernel's largest NR_CPUS.
inline constexpr uint32_t kHighestOfSet = 1023;
inline constexpr uint32_t kHighestOfKernel = 8191;

// Returns each CPU once, ascending. Empty for an empty text. EINVAL for a malformed list, or a CPU beyond
// `highest`.
Result<std::vector<uint32_t>> parse_cpu_list(std::string_view text, uint32_t highest = kHighestOfSet);

}  // namespace caisson::runtime::oci
