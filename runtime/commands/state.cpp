// SPDX-License-Identifier: Apache-2.0
// caisson state: prints one container's state as runc does.
#include <cstdio>

#include "runtime/commands/command.h"
#include "runtime/commands/state_json.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/inventory.h"

namespace caisson::runtime {
namespace {

class State final : public Command {
 public:
  void declare(Options options) override { options.id(id_); }

  Result<int> run(const Globals& globals) override {
    const ContainerState state = TRY(explained_state(globals.state_root(), id_));
    const std::string text = state_json(state, JsonLayout::indented) + "\n";
    std::fputs(text.c_str(), stdout);
    return 0;
  }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Command> make_state() {
  return std::make_unique<State>();
}

}  // namespace caisson::runtime
