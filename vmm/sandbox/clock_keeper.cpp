// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/clock_keeper.h"

#include <spdlog/spdlog.h>

namespace caisson::vmm {
namespace {

// LIMIT: how long the agent may take over all questions of one correction.
constexpr std::chrono::seconds kPatience{5};
// Drift of the host's clock by NTP, 500 ppm at most, stays within what is wanted of the guest's meanwhile.
constexpr std::chrono::seconds kInterval{16};

}  // namespace

Result<std::unique_ptr<ClockKeeper>> ClockKeeper::create(EventLoop& main_loop, EventLoop& agent_loop,
                                                         Connect connect) {
  std::unique_ptr<ClockKeeper> keeper(new ClockKeeper(agent_loop, std::move(connect)));
  ClockKeeper* const self = keeper.get();
  self->host_clock_ =
      TRY(HostClockWatch::create(main_loop, kInterval, [self](auto cause) { self->on_host_clock(cause); }));
  return keeper;
}

ClockKeeper::ClockKeeper(EventLoop& agent_loop, Connect connect)
    : agent_loop_(agent_loop), connect_(std::move(connect)) {}

ClockKeeper::~ClockKeeper() {
  host_clock_.reset();
  agent_loop_.run_sync([this] { agent_.reset(); });
}

void ClockKeeper::set_first(agent::AgentClient& agent) {
  if (const auto set = clock_.synchronise(agent, GuestClock::Manner::at_once, agent::deadline_in(kPatience));
      !set) {
    spdlog::warn("set the guest's clock: {}", set.error().message);
  }
}

void ClockKeeper::resume() {
  is_suspended_ = false;
  correct(GuestClock::Manner::at_once);
}

void ClockKeeper::on_host_clock(HostClockWatch::Cause cause) {
  if (!is_suspended_) {
    correct(cause == HostClockWatch::Cause::set ? GuestClock::Manner::at_once
                                                : GuestClock::Manner::by_and_by);
  }
}

// The connection for it is made when it is first wanted, which many containers do not live to see.
void ClockKeeper::correct(GuestClock::Manner manner) {
  if (!has_connection_) {
    auto client = connect_();
    if (!client) {
      spdlog::debug("keep the guest's clock: {}", client.error().message);
      return;
    }
    has_connection_ = true;
    agent_loop_.post(
        [this, made = std::make_shared<agent::AgentClient>(std::move(*client))] { agent_ = made; });
  }
  agent_loop_.post([this, manner] {
    if (manner == GuestClock::Manner::by_and_by && !clock_.is_due()) {
      return;
    }
    if (const auto set = clock_.synchronise(*agent_, manner, agent::deadline_in(kPatience)); !set) {
      // A guest that hangs is GuestWatch's to tell of, and the next occasion comes.
      spdlog::debug("keep the guest's clock: {}", set.error().message);
    }
  });
}

}  // namespace caisson::vmm
