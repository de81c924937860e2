// SPDX-License-Identifier: Apache-2.0
// The process of one hook: how it starts, and until when it may run. Used by hooks.cpp.
#pragma once

#include <sys/types.h>

#include "common/result.h"
#include "runtime/oci/hooks.h"
#include "runtime/relay/caught_signals.h"

namespace caisson::runtime {

// What a hook's process starts with: descriptors of the caller.
struct HookPlace {
  int directory = -1;  // its current directory
  int input = -1;
  int output = -1;  // standard output and standard error
};

// The hook leads a process group of its own, so that its children can be ended with it.
Result<pid_t> spawn_hook(const oci::Hook& hook, const HookPlace& place);

// Returns the hook's status, as waitpid() has it. If the hook outlives its timeout, or one of `signals`
// (null: none is caught) asks caisson to end, the hook is killed with its process group. The error is then
// ETIMEDOUT or EINTR.
Result<int> wait_for_hook(const oci::Hook& hook, pid_t pid, const CaughtSignals* signals);

}  // namespace caisson::runtime
