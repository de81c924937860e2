// SPDX-License-Identifier: Apache-2.0
// How the relay that a detached exec leaves behind tells its parent, over a pipe, that the process runs, or
// why not. Used by exec_relay.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

struct OutcomePipe {
  UniqueFd reader;
  UniqueFd writer;

  static Result<OutcomePipe> open();
};

// `error` is null if the process runs. Only the beginning of a long message arrives.
void tell_outcome(int writer, const Error* error);
// Reads what the other end has sent. ECHILD if it has ended without sending.
Result<void> hear_outcome(int reader);

}  // namespace caisson::runtime
