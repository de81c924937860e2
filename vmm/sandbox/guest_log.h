// SPDX-License-Identifier: Apache-2.0
// What a guest brings about in the host's log: its agent's records, and our own about what it can do as often
// as it likes. Whole lines are rationed; past the ration the guest is no longer heard, and that is said once.
// The log itself (common/log/log.h) has a larger ration for all of caisson-vmm, so that some of it is left
// for what we have to say.
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
  // One of ours.
  void say(spdlog::level::level_enum level, std::string_view text);

 private:
  static constexpr size_t kRationBytes = kLogRationBytes / 4 * 3;
  size_t used_bytes_ = 0;
};

}  // namespace caisson::vmm
