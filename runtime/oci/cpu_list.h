// SPDX-License-Identifier: Apache-2.0
// Lists of CPUs as cpuset(7) writes them: 0-3,7. Used for process.execCPUAffinity.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::runtime::oci {

// Ascending, each once; empty for an empty text. EINVAL for what is no list, or names a CPU beyond 1023.
Result<std::vector<uint32_t>> parse_cpu_list(std::string_view text);

}  // namespace caisson::runtime::oci
