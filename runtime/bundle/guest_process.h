// SPDX-License-Identifier: Apache-2.0
// A process of config.json or process.json in the agent's words. Used by create (the first process) and by
// exec.
#pragma once

#include <optional>

#include "common/result.h"
#include "runtime/oci/linux.h"
#include "runtime/oci/process.h"

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// `linux_`: the container's, for what it says of each of its processes: filter, personality.
Result<void> fill_process(const oci::Process& process, const oci::Linux& linux_, agent::v1::Process& out);
// Of a configuration without one: what waits for a start that never comes.
void fill_absent_process(agent::v1::Process& out);

}  // namespace caisson::runtime
