// SPDX-License-Identifier: Apache-2.0
// A container's state in runc's words and order of fields: `caisson state` and `caisson list --format json`.
#pragma once

#include <string>

#include "runtime/state/container_state.h"

namespace caisson::runtime {

enum class JsonLayout { compact, indented };
[[nodiscard]] std::string state_json(const ContainerState& state, JsonLayout layout);
// 0 once the container has stopped, as in runc.
[[nodiscard]] pid_t visible_pid(const ContainerState& state);
// The name of the container's owner, or "#<uid>" when the host knows none.
[[nodiscard]] std::string owner_name(uint32_t uid);

}  // namespace caisson::runtime
