// SPDX-License-Identifier: Apache-2.0
// The processes of a guest in the layouts of the host's ps(1), with the host's names of users. What the guest
// says of them is made harmless. Used by ps.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>

#include "common/result.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {

enum class ProcessLayout {
  full,        // ps -ef
  with_state,  // ps -e -x
};

// Chooses the layout by the options of ps. EINVAL for other options.
Result<ProcessLayout> process_layout(std::span<const std::string> ps_options);

[[nodiscard]] std::string title_of(ProcessLayout layout);

struct GuestTime {
  uint64_t uptime_ns = 0;
  time_t now = 0;  // of the host, at that uptime
};
[[nodiscard]] std::string row_of(const agent::v1::ListProcessesResponse::Entry& entry, GuestTime time,
                                 ProcessLayout layout);

}  // namespace caisson::runtime
