// SPDX-License-Identifier: Apache-2.0
// Keeps the guest's wall clock with the host's (docs/decisions/0007-clock.md): at the start, whenever the
// host's clock was set, and against the drift between both, which it learns. Belongs to the agent loop's
// thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "protocol/agent/agent_client.h"

namespace caisson::vmm {

class GuestClock {
 public:
  enum class Manner {
    at_once,    // the clock was never read, or the host's was set
    by_and_by,  // it has drifted: a small error is made up for without a step back
  };

  // Asks the guest for its time, a few times, and corrects a clock that is wrong for certain. Blocks until
  // then, or until `deadline`.
  Result<void> synchronise(agent::AgentClient& agent, Manner manner, agent::Deadline deadline);

  // Whether the guest may have drifted by now, as far as the host can tell without asking it.
  [[nodiscard]] bool is_due() const;

 private:
  struct Moment {
    std::chrono::nanoseconds steady{0};  // by the counter that NTP does not steer
    std::chrono::nanoseconds shift{0};   // of the wall clock to that
  };
  static Moment now();
  void learn(std::chrono::nanoseconds drift, const Moment& moment);

  Moment last_;  // when it was last right
  bool has_run_ = false;
  std::chrono::seconds interval_{kShortest};
  int64_t rate_ppb_ = 0;

  static constexpr std::chrono::seconds kShortest{32};
};

}  // namespace caisson::vmm
