// SPDX-License-Identifier: Apache-2.0
// caisson kill: sends a signal to a container's first process, or to all of them.
#include "runtime/lifecycle/kill.h"

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Kill final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.positional("signal", signal_, "Name or number (default: SIGTERM)");
    options.flag("-a,--all", all_, "To every process of the container");
  }

  Result<int> run(const Globals& globals) override {
    TRY(signal_container(globals.state_root(), id_, TRY(signal_meant(signal_)),
                         all_ ? Audience::all_processes : Audience::first_process));
    return 0;
  }

 private:
  std::string id_;
  std::string signal_ = "SIGTERM";
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_kill() {
  return std::make_unique<Kill>();
}

}  // namespace caisson::runtime
