// SPDX-License-Identifier: Apache-2.0

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
    {"kill", "Send a signal to a container", make_kill},
    {"delete", "Delete a container", make_delete},
    {"exec", "Run another process in a container", make_exec},
    {"do", "Run a command in a VM over this host's root file system", make_do},
    {"spec", "Write a config.json to start from", make_spec},
};

}  // namespace

std::span<const CommandEntry> command_table() { return kCommands; }

}  // namespace caisson::runtime
