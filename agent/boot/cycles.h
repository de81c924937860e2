// SPDX-License-Identifier: Apache-2.0
// The machine's cycle counter, for Ready: under instruction counting it tells how much the boot cost.
#pragma once

#include <cstdint>

namespace caisson::agent {

inline uint64_t cycles() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t value = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#endif
}

}  // namespace caisson::agent
