// SPDX-License-Identifier: Apache-2.0
// What the numbers of "resources" mean where they are absent, zero or negative. [oci] config-linux.md,
// "Memory" and "CPU"
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/oci/resources.h"

namespace caisson::runtime::oci {

// Linux's period, used if none is given.
inline constexpr uint64_t kDefaultCpuPeriodUs = 100'000;

// In bytes. Only a positive number is a limit. -1 and 0 are none, as for runc.
[[nodiscard]] inline std::optional<uint64_t> memory_limit(const Resources& resources) {
  const int64_t limit = resources.memory ? resources.memory->limit.value_or(0) : 0;
  return limit > 0 ? std::optional(static_cast<uint64_t>(limit)) : std::nullopt;
}

// Microseconds of each period. Empty: no limit, or the limit stays as it is.
[[nodiscard]] inline std::optional<uint64_t> cpu_quota_us(const Resources& resources) {
  const int64_t quota = resources.cpu ? resources.cpu->quota.value_or(0) : 0;
  return quota > 0 ? std::optional(static_cast<uint64_t>(quota)) : std::nullopt;
}

// The period that is asked for, else `otherwise`.
[[nodiscard]] inline uint64_t cpu_period_us(const Cpu& cpu, uint64_t otherwise = kDefaultCpuPeriodUs) {
  return cpu.period.value_or(0) != 0 ? *cpu.period : otherwise;
}

}  // namespace caisson::runtime::oci
