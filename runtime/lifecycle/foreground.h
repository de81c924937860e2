// SPDX-License-Identifier: Apache-2.0
// A container in the foreground: create, start, then stand between it and whoever called: signals are passed
// on, a terminal is relayed, its exit code becomes ours. Used by run and do.
#pragma once

#include "common/result.h"
#include "runtime/lifecycle/create.h"

namespace caisson::runtime {

// The container's exit code. Detached, it returns 0 as soon as the container runs. Unless
// CreateRequest::keep, a container that has ended is deleted.
Result<int> run_container(const StateRoot& root, const CreateRequest& request);

}  // namespace caisson::runtime
