// SPDX-License-Identifier: Apache-2.0
// How far another clock is behind the host's, between bounds that question and answer prove: the other clock
// was read after the question and before the answer. Pure. The answer is a stranger's, and decides about the
// stranger's own clock alone.
#pragma once

#include <algorithm>
#include <chrono>

namespace caisson::vmm {

class ClockBounds {
 public:
  using Time = std::chrono::nanoseconds;  // since the epoch, none of them negative

  // The other clock showed `shown` at a moment between `asked` and `answered`.
  void add(Time asked, Time shown, Time answered) {
    const Time least = asked - shown;
    const Time most = answered - shown;
    // Bounds that exclude each other: one of the clocks was set meanwhile.
    const bool fits = is_known_ && least <= most_ && most >= least_;
    least_ = fits ? std::max(least_, least) : least;
    most_ = fits ? std::min(most_, most) : most;
    is_known_ = true;
  }

  [[nodiscard]] Time width() const { return is_known_ ? most_ - least_ : Time::max(); }
  [[nodiscard]] bool may_be_right() const { return !is_known_ || (least_ <= Time(0) && most_ >= Time(0)); }
  // The most likely value: half-way between close bounds. Waking a sleeping guest sets bounds wide apart, by
  // delaying the question and not the answer.
  [[nodiscard]] Time behind() const { return most_ - std::min<Time>(width() / 2, kAnswerTakes); }

 private:
  static constexpr std::chrono::microseconds kAnswerTakes{300};

  bool is_known_ = false;
  Time least_{0};
  Time most_{0};
};

}  // namespace caisson::vmm
