// SPDX-License-Identifier: Apache-2.0
// caisson state: prints one container's state as runc does.
#include <cstdio>

#include "common/harmless.h"
#include "protocol/sandbox/files.h"
#include "runtime/commands/command.h"
#include "runtime/commands/state_json.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class State final : public Command {
 public:
  void declare(Options options) override { options.id(id_); }

  Result<int> run(const Globals& globals) override {
    const ContainerDirectory directory = TRY(globals.state_root().find(id_));
    ContainerState state = TRY(directory.load());
    if (state.current_status() == Status::stopped) {
      const std::string reason = reason_of_end(directory.read_output(sandbox_file::kExitRecord).value_or(""));
      if (!reason.empty()) {
        state.annotations["org.caisson.ended"] = reason;
      }
    } else if (const std::string silence = directory.read_output(sandbox_file::kSilence).value_or("");
               !silence.empty()) {
      state.annotations["org.caisson.guest"] = harmless(silence);
    }
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
