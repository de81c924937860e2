// SPDX-License-Identifier: Apache-2.0
// What every verb of the command line looks like: it declares its options, then runs. One file a verb, all
// listed in command_table.cpp; main() knows nothing else of them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/result.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/commands/options.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// The options before the verb.
struct Globals {
  std::string root = default_state_root();
  LogOptions log;
  bool systemd_cgroup = false;
  std::string rootless = "auto";
  std::vector<int> descriptors;  // the caller's open ones, if the container's process may inherit them

  // Whether a container may go without a cgroup if caisson may not make one.
  [[nodiscard]] CgroupPolicy cgroup_policy() const;
  [[nodiscard]] StateRoot state_root() const { return StateRoot(root); }
};

class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  virtual void declare(Options options) = 0;
  // Returns the exit code, or why there is none.
  virtual Result<int> run(const Globals& globals) = 0;
  // The exit code for such an error.
  [[nodiscard]] virtual int failure_code() const { return 1; }
};

struct CommandEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<Command> (*make)();
};

std::span<const CommandEntry> command_table();

}  // namespace caisson::runtime
