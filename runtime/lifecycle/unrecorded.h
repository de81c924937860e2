// SPDX-License-Identifier: Apache-2.0
// Takes a container away whose record cannot be read: state.json is missing, damaged or no file. What the
// record held is found by other means, as far as possible. Used by `delete`.
#pragma once

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Under the lock. The machine is the process that serves the control socket. The cgroups are those that
// config.json names. What cannot be found is logged. Its poststop hooks run, if the configuration can be
// read.
Result<void> destroy_unrecorded(const StateRoot& root, const ContainerDirectory& directory,
                                const std::string& id, bool is_forced);

}  // namespace caisson::runtime
