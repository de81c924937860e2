// SPDX-License-Identifier: Apache-2.0
// The host's pty of a process with a terminal: its master goes to the engine over --console-socket, or stays
// with the caisson that relays it. Used by create, run and exec.
#pragma once

#include <optional>
#include <string>

#include "common/relay/terminal.h"
#include "common/result.h"
#include "runtime/oci/process.h"

namespace caisson::runtime {

struct ConsoleRequest {
  bool terminal = false;
  std::string socket;     // --console-socket; empty: none
  bool detached = false;  // no caisson stays to relay the terminal
  std::optional<oci::ConsoleSize> size;
};

// Returns a pty, or none if the process has no terminal. Refuses the combinations that runc refuses, in
// runc's words. If a socket is given, the master has been sent there and is not in the pair any more.
Result<std::optional<PtyPair>> open_console(const ConsoleRequest& request);

}  // namespace caisson::runtime
