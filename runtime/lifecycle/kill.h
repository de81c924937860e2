// SPDX-License-Identifier: Apache-2.0
// A signal to the processes of a container. Used by the verb kill.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

enum class Audience { first_process, all_processes };

// ESRCH, "container not running", when it has ended: not for all its processes, of whom there may be none.
// SIGKILL ends a guest that does not answer with its machine.
Result<void> signal_container(const StateRoot& root, const std::string& id, int signal, Audience audience);

// The signal that a name or number means; SIGTERM where it is empty.
Result<int> signal_meant(std::string_view text);

}  // namespace caisson::runtime
