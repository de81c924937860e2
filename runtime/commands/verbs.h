// SPDX-License-Identifier: Apache-2.0
// The makers of the verbs, for command_table.cpp. Each is defined in <verb>.cpp.
#pragma once

#include <memory>

namespace caisson::runtime {

class Command;

std::unique_ptr<Command> make_create();
std::unique_ptr<Command> make_delete();
std::unique_ptr<Command> make_do();
std::unique_ptr<Command> make_exec();
std::unique_ptr<Command> make_kill();
std::unique_ptr<Command> make_list();
std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_spec();
std::unique_ptr<Command> make_start();
std::unique_ptr<Command> make_state();

}  // namespace caisson::runtime
