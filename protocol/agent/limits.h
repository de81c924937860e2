// SPDX-License-Identifier: Apache-2.0
// LIMITs of messages that both sides keep: the agent in what it says, the host in what it believes.
#pragma once

#include <cstddef>

namespace caisson::agent {

// ReadProcResponse: a process id is below this, and one line of stat is no longer.
inline constexpr int kMaxPids = 65536;
inline constexpr size_t kMaxStatBytes = 1U << 10;
// An id map has no more lines [user_namespaces(7)].
inline constexpr int kMaxIdMappings = 340;

}  // namespace caisson::agent
