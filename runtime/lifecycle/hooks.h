// SPDX-License-Identifier: Apache-2.0
// Runs the hooks that belong to the host, one after the other, each with the state document on its standard
// input. [oci] config.md, "POSIX-platform Hooks"
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/oci/hooks.h"
#include "runtime/relay/caught_signals.h"

namespace caisson::runtime {

// What every hook of one moment is given.
struct HookScene {
  std::string state_json;  // on standard input
  std::string directory;   // the current one: the bundle, as under runc
  // Caught: one that asks us to end ends the hook, as a failed one. Null: they end us, and the hook goes on.
  const CaughtSignals* signals = nullptr;
};

// The first that fails (cannot run, exits with another code than 0, or outlives its timeout) ends it: an
// Error that names the hook and quotes what it wrote. `kind` is its name in config.json.
Result<void> run_hooks(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene);

// The same, where the specification wants failures logged and passed over. Where the bundle has gone they run
// in the caller's directory, and that is logged.
void run_hooks_logging(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene);

}  // namespace caisson::runtime
