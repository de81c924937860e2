// SPDX-License-Identifier: Apache-2.0
// What caisson may ask of caisson-vmm over its control socket (docs/launch.md): {"verb":NAME}, a JSON object
// a line, answered by
// {"ok":true, …} or {"error":TEXT}.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/agent/stream_hello.h"

namespace caisson {

enum class Verb {
  pause,     // the vCPUs stand still
  resume,    // they run on
  wake,      // they run for as long as the asker stays connected, though paused
  counters,  // what the machine has counted
  stop,      // the machine's end, as by SIGKILL of its container
  serve,     // files of the asker's become the guest's; see below
};

// {"verb":"serve","names":[NAME,…]}, sent with as many descriptors, in this order. The guest finds each by
// its name among the exports (InheritedDescriptor.served_name) until it has closed it for the last time. One
// that it has not opened by the time the asker hangs up is let go of. LIMIT: of one message; the standard
// ones, and as many as a process inherits.
inline constexpr size_t kMostServed = 3 + agent::kMostInherited;

std::string_view name_of(Verb verb);
std::optional<Verb> find_verb(std::string_view name);

}  // namespace caisson
