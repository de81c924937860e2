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
  bool detached = false;  // nobody stays to relay
  std::optional<oci::ConsoleSize> size;
};

// A pty, or none when the process has no terminal. Refuses the combinations that runc refuses, in its words.
// When a socket is given, the master has been sent and is not in the pair any more.
Result<std::optional<PtyPair>> open_console(const ConsoleRequest& request);

}  // namespace caisson::runtime
