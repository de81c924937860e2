// SPDX-License-Identifier: Apache-2.0
// The verbs that caisson may send to caisson-vmm over its control socket (docs/launch.md): {"verb":NAME}, one
// JSON object a line, answered by {"ok":true, …} or {"error":TEXT}.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/agent/stream_hello.h"

namespace caisson {

enum class Verb {
  pause,     // the vCPUs stand still
  resume,    // they run on
  wake,      // they run as long as the asker stays connected, although paused
  counters,  // what the machine has counted
  stop,      // the machine's end, as by SIGKILL of its container
  serve,     // files of the asker's become the guest's; see below
};

// {"verb":"serve","names":[NAME,…]}, sent with as many descriptors, in this order. The guest finds each by
// its name among the exports (PreservedDescriptor.served_name) until it has closed it for the last time.
// caisson-vmm lets go of a file that the guest has not opened when the asker hangs up. LIMIT: the files of
// one message: the standard streams, and as many as a process inherits.
inline constexpr size_t kMostServed = 3 + agent::kMostPreserved;

std::string_view name_of(Verb verb);
std::optional<Verb> find_verb(std::string_view name);

}  // namespace caisson
