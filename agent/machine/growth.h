// SPDX-License-Identifier: Apache-2.0
// Parts of the machine that the guest's kernel takes into use while it runs: memory that it was not told of
// at boot, CPUs that it did not start (docs/decisions/0006-growth.md).
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"

namespace caisson::agent {

// `devices` is /sys/devices/system. To repeat a step that is done already is no error.

// Adds the memory block that starts at `address`, a multiple of the kernel's block size (EINVAL else), and
// lets the kernel use it.
Result<void> take_memory_block(const std::string& devices, uint64_t address);

// Starts CPUs until `count` run: those with the lowest numbers.
Result<void> start_cpus(const std::string& devices, uint32_t count);

}  // namespace caisson::agent
