// SPDX-License-Identifier: Apache-2.0
// linux.resources in the terms of the guest's cgroup v2. The conversions are runc's, so that a limit means
// the same number in either runtime.
#pragma once

#include "common/result.h"
#include "runtime/oci/resources.h"
#include "runtime/state/container_state.h"

namespace caisson::agent::v1 {
class Resources;
}

namespace caisson::runtime {

Result<void> fill_resources(const oci::Resources& resources, agent::v1::Resources& out);

// A CPU quota without its period, or a period without its quota, gets the other half from what is in force.
void complete_quota(oci::Resources& resources, const CpuTime& in_force);

// 2 … 262144 shares to 1 … 10000 of weight; 0 stays 0 (not given).
[[nodiscard]] uint64_t cpu_weight_of_shares(uint64_t shares);
// 10 … 1000 of v1's weight to 1 … 10000, as runc converts it; 0 below, which the kernel refuses.
[[nodiscard]] uint64_t io_weight_of_blkio(uint16_t weight);
// The limit of swap alone, from that of memory plus swap. -1 is no limit, 0 is not given.
Result<int64_t> swap_of_memory_and_swap(int64_t memory_and_swap, int64_t memory);

}  // namespace caisson::runtime
