// SPDX-License-Identifier: Apache-2.0
// Descriptors that came with a message of a Unix socket (SCM_RIGHTS). The sender may send any number of them.
// (The agent takes the one of its own child in agent/child/control.cpp.)
#pragma once

#include <sys/socket.h>

#include <vector>

#include "common/unique_fd.h"

namespace caisson {

// Takes every descriptor out of `message` so that none leaks, whatever else is wrong with it.
void collect_descriptors(msghdr& message, std::vector<UniqueFd>& fds);

}  // namespace caisson
