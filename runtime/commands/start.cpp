// SPDX-License-Identifier: Apache-2.0
// caisson start: lets the first process of a created container go.
#include "runtime/lifecycle/start.h"

#include "runtime/bundle/unreached_links.h"
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/recorded_config.h"

namespace caisson::runtime {
namespace {

class Start final : public Command {
 public:
  void declare(Options options) override { options.id(id_); }

  Result<int> run(const Globals& globals) override {
    const LockedContainer locked = TRY(globals.state_root().lock(id_));
    ContainerState state = TRY(locked.directory().load());
    TRY(start_container(locked.directory(), state, TRY(recorded_config(locked.directory()))));
    warn_of_unreached_links(state.vmm.pid);
    return 0;
  }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Command> make_start() {
  return std::make_unique<Start>();
}

}  // namespace caisson::runtime
