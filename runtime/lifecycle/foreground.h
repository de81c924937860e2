// SPDX-License-Identifier: Apache-2.0
// A container in the foreground: create, start, then stand between the container and the caller: pass signals
// on, relay a terminal, exit with the container's exit code. Used by run and do.
#pragma once

#include "common/result.h"
#include "runtime/lifecycle/create.h"

namespace caisson::runtime {

// The container's exit code. Detached, it returns 0 as soon as the container runs. Unless
// CreateRequest::keep, a container that has ended is deleted.
Result<int> run_container(const StateRoot& root, const CreateRequest& request);

}  // namespace caisson::runtime
