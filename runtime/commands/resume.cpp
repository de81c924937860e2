// SPDX-License-Identifier: Apache-2.0
// caisson resume: lets a paused container run on.
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/pause.h"

namespace caisson::runtime {
namespace {

class Resume final : public Command {
 public:
  void declare(Options options) override { options.id(id_); }

  Result<int> run(const Globals& globals) override {
    const LockedContainer locked = TRY(globals.state_root().lock(id_));
    ContainerState state = TRY(locked.directory().load());
    TRY(resume_container(locked.directory(), state));
    return 0;
  }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Command> make_resume() {
  return std::make_unique<Resume>();
}

}  // namespace caisson::runtime
