// SPDX-License-Identifier: Apache-2.0
// The frequency of this host's time stamp counter. QEMU's TCG shows the guest that counter, and a guest that
// is told its frequency need not calibrate it for tens of milliseconds.
#pragma once

#include <cstdint>

namespace caisson {

// Two readings of both clocks, far enough apart, give the frequency. The starter of caisson-vmm takes the
// first early, and hands it on.
class HostClock {
 public:
  struct Reading {
    uint64_t ticks = 0;
    uint64_t nanoseconds = 0;  // CLOCK_MONOTONIC_RAW
  };

  // Takes the first reading.
  HostClock();
  explicit HostClock(const Reading& first) : first_(first) {}

  [[nodiscard]] const Reading& first() const { return first_; }

  // In kHz. Waits until 5 ms have passed since the first reading: an error of about 10 parts per million,
  // less where more have passed.
  [[nodiscard]] uint64_t tsc_khz() const;

 private:
  static Reading read();

  Reading first_;
};

}  // namespace caisson
