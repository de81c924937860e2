// SPDX-License-Identifier: Apache-2.0
// What caisson may ask of caisson-vmm over its control socket (docs/launch.md): {"verb":NAME}, a JSON object
// a line, answered by
// {"ok":true, …} or {"error":TEXT}.
#pragma once

#include <optional>
#include <string_view>

namespace caisson {

enum class Verb {
  pause,     // the vCPUs stand still
  resume,    // they run on
  wake,      // they run for as long as the asker stays connected, though paused
  counters,  // what the machine has counted
  stop,      // the machine's end, as by SIGKILL of its container
};

std::string_view name_of(Verb verb);
std::optional<Verb> find_verb(std::string_view name);

}  // namespace caisson
