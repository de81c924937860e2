// SPDX-License-Identifier: Apache-2.0
// The makers of the verbs, for command_table.cpp. Each is defined in <verb>.cpp.
#pragma once

#include <memory>

namespace caisson::runtime {

class Command;

std::unique_ptr<Command> make_check();
std::unique_ptr<Command> make_checkpoint();
std::unique_ptr<Command> make_create();
std::unique_ptr<Command> make_delete();
std::unique_ptr<Command> make_do();
std::unique_ptr<Command> make_events();
std::unique_ptr<Command> make_exec();
std::unique_ptr<Command> make_features();
std::unique_ptr<Command> make_kill();
std::unique_ptr<Command> make_list();
std::unique_ptr<Command> make_pause();
std::unique_ptr<Command> make_ps();
std::unique_ptr<Command> make_restore();
std::unique_ptr<Command> make_resume();
std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_spec();
std::unique_ptr<Command> make_start();
std::unique_ptr<Command> make_state();
std::unique_ptr<Command> make_update();

}  // namespace caisson::runtime
