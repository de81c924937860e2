// SPDX-License-Identifier: Apache-2.0
// Descriptors 0, 1 and 2 of ours as the process shall have them. Used by create and exec.
#pragma once

#include <cstdint>

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// What they are, as far as the process shall find the like: files and devices as they are, one stream for
// output and error where they lead to one place, a directory as input. `token`: the process's.
// `relays_terminal`: a terminal's bytes pass through us, and not to whoever has its master.
void fill_stdio(agent::v1::Process& out, uint64_t token, bool relays_terminal);

}  // namespace caisson::runtime
