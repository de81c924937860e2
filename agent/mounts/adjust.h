// SPDX-License-Identifier: Apache-2.0
// The attributes, propagation and id maps that an entry of config.json "mounts" asks for.
#pragma once

#include "common/result.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {

[[nodiscard]] bool is_bind(const v1::Mount& mount);

// Sets all of it on a mount that is attached nowhere.
Result<void> adjust_mount(const v1::Mount& mount, int detached);

[[nodiscard]] bool maps_ids(const v1::Mount& mount);
// Whether the mount asks to clear a flag or to keep access times otherwise. The kernel lets no user namespace
// do that to a copy of the guest's mounts.
[[nodiscard]] bool changes_locked_flags(const v1::Mount& mount);

}  // namespace caisson::agent
