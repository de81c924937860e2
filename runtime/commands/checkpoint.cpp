// SPDX-License-Identifier: Apache-2.0
// caisson checkpoint: refused, saying why; the verb exists so that engines get that answer and not "unknown".
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Checkpoint final : public Command {
 public:
  void declare(Options options) override { options.anything(); }

  Result<int> run(const Globals&) override {
    return fail(ENOTSUP,
                "checkpoint: not supported: CRIU cannot see into a VM, and snapshots of whole machines do "
                "not exist yet");
  }
};

}  // namespace

std::unique_ptr<Command> make_checkpoint() {
  return std::make_unique<Checkpoint>();
}

}  // namespace caisson::runtime
