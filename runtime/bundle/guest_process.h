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

// `linux_` is the container's: it has what holds for every process (filter, personality).
Result<void> fill_process(const oci::Process& process, const oci::Linux& linux_, agent::v1::Process& out);
// The process of a configuration that has none: it waits for a start that never comes.
void fill_absent_process(agent::v1::Process& out);

}  // namespace caisson::runtime
