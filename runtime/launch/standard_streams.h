// SPDX-License-Identifier: Apache-2.0
// caisson's descriptors 0, 1 and 2 as the container's process gets them. Used by create and exec.
#pragma once

#include <cstdint>

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// The kinds of these descriptors: files and devices are passed as such, output and error that lead to one
// place become one stream, a directory may be input. `token` is the process's. `relays_terminal`: the
// terminal's bytes pass through caisson, because no other process has the terminal's master.
void fill_stdio(agent::v1::Process& out, uint64_t token, bool relays_terminal);

}  // namespace caisson::runtime
