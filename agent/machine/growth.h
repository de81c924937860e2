// SPDX-License-Identifier: Apache-2.0
// What the guest's kernel takes into use of its machine while it runs: memory that it was not told of at
// boot, CPUs that it did not start (docs/decisions/0006-growth.md). Used by service/grow_machine.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"

namespace caisson::agent {

// `devices` is /sys/devices/system. Doing again what is done already is no error.

// Adds the memory block that starts at `address`, a multiple of the kernel's block size (EINVAL else), and
// lets the kernel use it.
Result<void> take_memory_block(const std::string& devices, uint64_t address);

// Starts CPUs until `count` run: those with the lowest numbers.
Result<void> start_cpus(const std::string& devices, uint32_t count);

}  // namespace caisson::agent
