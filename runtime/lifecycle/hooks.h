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

// What all hooks of one kind get.
struct HookScene {
  std::string state_json;  // on standard input
  std::string directory;   // the current one: the bundle, as under runc
  // Caught signals: one that asks caisson to end ends the hook, as a failed hook. Null: such a signal ends
  // caisson, and the hook goes on.
  const CaughtSignals* signals = nullptr;
};

// The first hook that fails (cannot run, exits with another code than 0, or outlives its timeout) ends the
// run. The Error names the hook and quotes what it wrote. `kind` is its name in config.json.
Result<void> run_hooks(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene);

// The same, for kinds whose failures are logged and passed over by the specification. If the bundle has gone,
// the hooks run in the caller's directory, and the log says so.
void run_hooks_logging(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene);

}  // namespace caisson::runtime
