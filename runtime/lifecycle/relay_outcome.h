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

// `error`: null where the process runs. Of a long message the beginning arrives.
void tell_outcome(int writer, const Error* error);
// What the other end has told; ECHILD when it has ended without a word.
Result<void> hear_outcome(int reader);

}  // namespace caisson::runtime
