// SPDX-License-Identifier: Apache-2.0
// How big a container's machine is: from its limits and annotations (docs/configuration.md,
// docs/decisions/0006-growth.md).
#pragma once

#include <cstdint>

#include "common/result.h"
#include "protocol/launch/machine_spec.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

inline constexpr uint64_t kMiB = 1ULL << 20;
// Kernel, agent and page tables of a guest, beyond what its container may use: docs/budgets.md.
inline constexpr uint64_t kGuestOverheadBytes = 48 * kMiB;
inline constexpr uint64_t kDefaultMemoryBytes = 256 * kMiB;
// A guest with less memory does not get as far as its agent.
inline constexpr uint64_t kMinimumMemoryBytes = 64 * kMiB;

// Sets memory and CPUs of `machine`, and the bounds to which they may grow, which are never less.
Result<void> choose_size(const oci::Config& config, MachineSpec& machine);
// Whether the guest grows to its bound without being asked: it does if the container has no memory limit.
[[nodiscard]] bool grows_by_need(const oci::Config& config, const MachineSpec& machine);

// The guest memory in which a container gets `limit` bytes.
[[nodiscard]] uint64_t memory_for_limit(uint64_t limit);

}  // namespace caisson::runtime
