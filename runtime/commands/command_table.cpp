// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

constexpr CommandEntry kCommands[] = {
    {"run", "Create and start a container, and stay until it ends", make_run},
    {"create", "Create a container whose process waits for start", make_create},
    {"start", "Start a created container", make_start},
    {"state", "Print a container's state", make_state},
    {"list", "List containers", make_list},
    {"exec", "Run another process in a container", make_exec},
    {"ps", "List the processes of a container", make_ps},
    {"kill", "Send a signal to a container", make_kill},
    {"pause", "Stop a container for a while", make_pause},
    {"resume", "Let a paused container run on", make_resume},
    {"update", "Change a container's limits", make_update},
    {"events", "Print statistics and OOM events of a container", make_events},
    {"delete", "Delete a container", make_delete},
    {"spec", "Write a config.json to start from", make_spec},
    {"features", "Print what this runtime supports, as JSON", make_features},
    {"do", "Run a command in a VM over this host's root file system", make_do},
    {"check", "Tell what this host can do, and why", make_check},
    {"checkpoint", "Refused: not supported", make_checkpoint},
    {"restore", "Refused: not supported", make_restore},
};

}  // namespace

CgroupPolicy Globals::cgroup_policy() const {
  const bool may_go_without = rootless == "true" || (rootless == "auto" && ::geteuid() != 0);
  return may_go_without ? CgroupPolicy::best_effort : CgroupPolicy::required;
}

std::span<const CommandEntry> command_table() {
  return kCommands;
}

}  // namespace caisson::runtime
