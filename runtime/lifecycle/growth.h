// SPDX-License-Identifier: Apache-2.0
// How large the guest must be for new limits, within what its machine was made for
// (docs/decisions/0006-growth.md). Used by update.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "runtime/oci/resources.h"
#include "runtime/state/container_state.h"

namespace caisson::runtime {

// Returns `now`, grown so that the new limits fit; never smaller. A CPU quota in `resources` must have its
// period. ENOSPC, with the remedy, beyond what the machine has.
Result<GuestSize> grown_for(const oci::Resources& resources, GuestSize now, const CpuTime& in_force);

}  // namespace caisson::runtime
