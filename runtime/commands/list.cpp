// SPDX-License-Identifier: Apache-2.0
// caisson list: every container beneath the root, as a table, as JSON, or only their ids.
#include <cstdio>

#include "runtime/commands/command.h"
#include "runtime/commands/state_json.h"
#include "runtime/commands/table.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/inventory.h"

namespace caisson::runtime {
namespace {

void print_json(const std::vector<ContainerState>& states) {
  if (states.empty()) {
    std::puts("null");
    return;
  }
  std::string text = "[";
  for (const ContainerState& state : states) {
    text += (text.size() > 1 ? "," : "") + state_json(state, JsonLayout::compact);
  }
  std::puts((text + "]").c_str());
}

void print_table(const std::vector<ContainerState>& states) {
  Table table({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
  for (const ContainerState& state : states) {
    table.add({state.id, std::to_string(visible_pid(state)), std::string(status_name(state.current_status())),
               state.bundle, state.created, owner_name(state.owner)});
  }
  std::fputs(table.text().c_str(), stdout);
}

class List final : public Command {
 public:
  void declare(Options options) override {
    options.choice("-f,--format", format_, {"table", "json"}, "table or json (default: table)");
    options.flag("-q,--quiet", quiet_, "Print ids only");
  }

  Result<int> run(const Globals& globals) override {
    const StateRoot root = globals.state_root();
    const std::vector<std::string> ids = TRY(container_ids(root));
    if (quiet_) {
      for (const std::string& id : ids) std::puts(id.c_str());
      return 0;
    }
    std::vector<ContainerState> states;
    states.reserve(ids.size());
    for (const std::string& id : ids) states.push_back(state_or_guess(root, id));
    format_ == "json" ? print_json(states) : print_table(states);
    return 0;
  }

 private:
  std::string format_ = "table";
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_list() {
  return std::make_unique<List>();
}

}  // namespace caisson::runtime
