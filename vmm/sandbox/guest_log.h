// SPDX-License-Identifier: Apache-2.0
// The lines in the host's log that a guest can cause: its agent's records, and caisson-vmm's records about
// things that a guest can repeat. Whole lines are rationed. Past the ration no more such lines are written,
// and one line says so. The log itself (common/log/log.h) has a larger ration for all of caisson-vmm, so that
// some of it is left for caisson-vmm's other records.
#pragma once

#include <spdlog/common.h>

#include <cstddef>
#include <string_view>

namespace caisson::agent::v1 {
class Log;
}

namespace caisson::vmm {

// LIMIT: what one sandbox may write into the host's log in its life.
inline constexpr size_t kLogRationBytes = 256UL * 1024;

class GuestLog {
 public:
  // A record of the agent's.
  void write(const agent::v1::Log& record);
  // A record of caisson-vmm's about the guest.
  void say(spdlog::level::level_enum level, std::string_view text);

 private:
  static constexpr size_t kRationBytes = kLogRationBytes / 4 * 3;
  size_t used_bytes_ = 0;
};

}  // namespace caisson::vmm
