// SPDX-License-Identifier: Apache-2.0
// What PID 1 does to the guest: file systems, loopback, limits. Called once by main(), after the host was
// told that the agent serves. It runs while the host prepares its first call.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::agent {

// Descriptors 0, 1 and 2 exist from here on, so that no socket is taken for stdio.
void occupy_stdio();

// Returns the first failure. The other steps are done all the same.
Result<void> set_up_guest();

// For errors that nobody else can be told: writes one line to the kernel's log, which is the console.
void tell_console(const std::string& message);

}  // namespace caisson::agent
