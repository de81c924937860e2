// SPDX-License-Identifier: Apache-2.0
// Exit codes of a command that could not be executed, as shells and docker give them. Used by do and
// run; an exec that fails has runc's.
#pragma once

#include "common/result.h"

namespace caisson::runtime {

// The agent's words for a failed exec(2): `exec: "foo": …` (agent.proto, StartContainer).
[[nodiscard]] bool is_exec_error(const Error& error);

// 127 when there is no such command, 126 when it cannot be executed, with the message on standard error; any
// other error is passed on.
Result<int> exec_exit_code(Error error);

}  // namespace caisson::runtime
