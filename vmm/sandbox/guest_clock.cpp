// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/guest_clock.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "vmm/sandbox/clock_bounds.h"

namespace caisson::vmm {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// LIMIT: questions for one correction.
constexpr int kMostQuestions = 8;
constexpr nanoseconds kCloseEnough = 500us;
// More is a clock that was set, and not drift.
constexpr nanoseconds kMostDrift = 100ms;
// What is made up for by and by wants to be over before it is measured again.
constexpr nanoseconds kLeastForRate = 8s;
constexpr int64_t kMostPpb = 500'000;  // what Linux takes
constexpr auto kLongest = 1024s;
constexpr nanoseconds kSmallDrift = 1ms;
constexpr nanoseconds kNoticeableShift = 2ms;

nanoseconds read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

Result<void> ask(agent::AgentClient& agent, const agent::ClockAdjustment& adjustment, ClockBounds& bounds,
                 agent::Deadline deadline) {
  const nanoseconds asked = read_clock(CLOCK_REALTIME);
  const nanoseconds shown = TRY(agent.adjust_clock(adjustment, deadline));
  bounds.add(asked, shown, read_clock(CLOCK_REALTIME));
  return {};
}

}  // namespace

GuestClock::Moment GuestClock::now() {
  const nanoseconds steady = read_clock(CLOCK_MONOTONIC_RAW);
  return {.steady = steady, .shift = read_clock(CLOCK_REALTIME) - steady};
}

Result<void> GuestClock::synchronise(agent::AgentClient& agent, Manner manner, agent::Deadline deadline) {
  ClockBounds bounds;
  for (int question = 0; question < kMostQuestions && bounds.width() > kCloseEnough; ++question) {
    TRY(ask(agent, {}, bounds, deadline));
  }
  const Moment moment = now();
  const nanoseconds behind = bounds.may_be_right() ? 0ns : bounds.behind();
  const bool has_drifted = manner == Manner::by_and_by && std::chrono::abs(behind) < kMostDrift;
  if (has_drifted && has_run_) {
    learn(behind, moment);
  }
  if (behind != 0ns) {
    agent::ClockAdjustment adjustment{.step = behind, .slew = 0ns, .rate_ppb = rate_ppb_};
    if (has_drifted) {
      std::swap(adjustment.step, adjustment.slew);
    }
    TRY(ask(agent, adjustment, bounds, deadline));
  }
  last_ = moment;
  has_run_ = true;
  return {};
}

void GuestClock::learn(nanoseconds drift, const Moment& moment) {
  const nanoseconds passed = moment.steady - last_.steady;
  if (passed >= kLeastForRate && drift != 0ns) {
    const auto ppb =
        static_cast<int64_t>(1e9 * static_cast<double>(drift.count()) / static_cast<double>(passed.count()));
    rate_ppb_ = std::clamp(rate_ppb_ + ppb, -kMostPpb, kMostPpb);
  }
  interval_ = std::chrono::abs(drift) < kSmallDrift ? std::min<std::chrono::seconds>(2 * interval_, kLongest)
                                                    : kShortest;
}

bool GuestClock::is_due() const {
  const Moment moment = now();
  return !has_run_ || moment.steady - last_.steady >= interval_ ||
         std::chrono::abs(moment.shift - last_.shift) > kNoticeableShift;
}

}  // namespace caisson::vmm
