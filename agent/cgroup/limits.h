// SPDX-License-Identifier: Apache-2.0
// The Resources of a request as writes to cgroup v2 files. A table: one line a field.
#pragma once

#include "agent/cgroup/cgroup.h"

namespace caisson::agent {

namespace v1 {
class Resources;
}

// At creation and at UpdateContainer: fields that are absent are left as they are. Device rules are not among
// them (device_filter.h).
Result<void> apply_limits(const Cgroup& cgroup, const v1::Resources& resources);

}  // namespace caisson::agent
