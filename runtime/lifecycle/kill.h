// SPDX-License-Identifier: Apache-2.0
// Sends a signal to the processes of a container. Used by the verb kill.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

enum class Audience { first_process, all_processes };

// ESRCH, "container not running", if it has ended, unless the signal is for all its processes, of which there
// may be none. If the guest does not answer, SIGKILL ends its machine.
Result<void> signal_container(const StateRoot& root, const std::string& id, int signal, Audience audience);

// The signal of a name or number. SIGTERM if that is empty.
Result<int> signal_meant(std::string_view text);

}  // namespace caisson::runtime
