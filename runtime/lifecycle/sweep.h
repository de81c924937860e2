// SPDX-License-Identifier: Apache-2.0
// Takes away what a killed `do` or foreground `run` left behind: containers that have stopped and that nobody
// but their maker was to delete. There is no daemon; whoever comes next and lists or makes containers does
// it.
#pragma once

#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Never one that is locked, that runs, that was made in another pid namespace, or that its maker made for
// others (create, run --detach, run --keep). What cannot be taken away is told by the log and left for the
// next time.
void sweep(const StateRoot& root);

}  // namespace caisson::runtime
