// SPDX-License-Identifier: Apache-2.0
// Takes away what a killed `do` or foreground `run` left behind: containers that have stopped, and that only
// their maker was to delete. There is no daemon: the next command that lists or makes containers does it.
#pragma once

#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Never takes a container that is locked, that runs, that was made in another pid namespace, or that is to
// outlive its maker (create, run --detach, run --keep). A container that cannot be removed is logged and left
// for the next time.
void sweep(const StateRoot& root);

}  // namespace caisson::runtime
