// SPDX-License-Identifier: Apache-2.0
// caisson pause: stops every process of a container, and its vCPUs.
#include "runtime/lifecycle/pause.h"

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Pause final : public Command {
 public:
  void declare(Options options) override { options.id(id_); }

  Result<int> run(const Globals& globals) override {
    const LockedContainer locked = TRY(globals.state_root().lock(id_));
    ContainerState state = TRY(locked.directory().load());
    TRY(pause_container(locked.directory(), state));
    return 0;
  }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Command> make_pause() {
  return std::make_unique<Pause>();
}

}  // namespace caisson::runtime
