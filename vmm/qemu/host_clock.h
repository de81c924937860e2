// SPDX-License-Identifier: Apache-2.0
// The frequency of this host's time stamp counter. QEMU's TCG shows the guest that counter, and a guest that
// is told its frequency need not calibrate it for tens of milliseconds.
#pragma once

#include <cstdint>

namespace caisson::vmm {

// Two readings of both clocks, far enough apart, give the frequency. Take the first early.
class HostClock {
 public:
  HostClock();

  // In kHz. Waits until 5 ms have passed since construction: an error of about 10 parts per million.
  [[nodiscard]] uint64_t tsc_khz() const;

 private:
  struct Reading {
    uint64_t ticks = 0;
    uint64_t nanoseconds = 0;
  };
  static Reading read();

  Reading first_;
};

}  // namespace caisson::vmm
