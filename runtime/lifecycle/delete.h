// SPDX-License-Identifier: Apache-2.0
// Deletes the container of a name, or the containers whose names match a pattern, in any half-made state.
// Used by the verb delete.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

enum class Force {
  no,
  yes,  // also a running container (SIGKILL first); a missing one is no error
};

Result<void> delete_container(const StateRoot& root, const std::string& id, Force force);
// Every container whose name matches `pattern` (name_pattern.h). The first failure ends it, and names the
// container.
Result<void> delete_matching(const StateRoot& root, const std::string& pattern, Force force);

// Whether a container of this status may be deleted. EBUSY, with the remedy, if not.
Result<void> check_may_be_deleted(const std::string& id, Status status, Force force);

}  // namespace caisson::runtime
