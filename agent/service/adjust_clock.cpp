// SPDX-License-Identifier: Apache-2.0
// AdjustClock: puts the guest's wall clock right, and tells what it shows.
#include <time.h>

#include "agent/machine/clock.h"
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<v1::AdjustClockResponse> adjust_and_read(const Agent& agent, const v1::AdjustClockRequest& request) {
  const bool asks_for_change = request.step_ns() != 0 || request.slew_ns() != 0 || request.has_rate_ppb();
  // Outside a guest it would be the host's.
  if (asks_for_change && !agent.options().is_guest_init) {
    return fail(EOPNOTSUPP, "adjust the clock: the agent is not a guest's");
  }
  if (request.has_rate_ppb()) {
    TRY(adjust(rate_of(request.rate_ppb())));
  }
  if (request.slew_ns() != 0) {
    TRY(adjust(slew_of(std::chrono::nanoseconds(request.slew_ns()))));
  }
  if (request.step_ns() != 0) {
    TRY(adjust(step_of(std::chrono::nanoseconds(request.step_ns()))));
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  v1::AdjustClockResponse response;
  response.set_time_ns(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
  return response;
}

}  // namespace

void adjust_clock(Agent& agent, const v1::AdjustClockRequest& request, ttrpc::Responder responder) {
  if (const auto response = adjust_and_read(agent, request)) {
    responder.succeed(*response);
  } else {
    responder.fail(response.error());
  }
}

}  // namespace caisson::agent
