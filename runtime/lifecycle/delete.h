// SPDX-License-Identifier: Apache-2.0
// Takes away the container by a name, or those whose names match. Copes with every half-made state. Used by
// the verb delete.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

enum class Force {
  no,
  yes,  // also one that runs (SIGKILL first), and it is fine when there is none
};

Result<void> delete_container(const StateRoot& root, const std::string& id, Force force);
// Every container whose name matches `pattern` (name_pattern.h). The first that fails ends it, named.
Result<void> delete_matching(const StateRoot& root, const std::string& pattern, Force force);

// Whether one of this status may be deleted; EBUSY, with the remedy, where it may not.
Result<void> check_may_be_deleted(const std::string& id, Status status, Force force);

}  // namespace caisson::runtime
