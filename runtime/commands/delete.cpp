// SPDX-License-Identifier: Apache-2.0
// caisson delete: takes a stopped container away, or with --force any. Copes with every half-made state.

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/sandbox/destroy.h"

namespace caisson::runtime {
namespace {

class Delete final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.flag("-f,--force", force_, "Also a running one (SIGKILL first), and succeed when there is none");
  }

  Result<int> run(const Globals& globals) override {
    const auto locked = globals.state_root().lock(id_);
    if (!locked) {
      return force_ && locked.error().code == ENOENT ? Result<int>(0) : tl::unexpected(locked.error());
    }
    const ContainerDirectory& directory = locked->directory();
    const auto state = directory.load();
    if (!state) {
      // Its creator died before there was a process.
      TRY(directory.remove());
      return 0;
    }
    const Status status = state->current_status();
    if ((status == Status::running || status == Status::paused) && !force_) {
      return fail(EBUSY, "cannot delete container " + id_ + " that is not stopped: " +
                             std::string(status_name(status)) + "; kill it first, or give --force");
    }
    TRY(destroy_container(directory, *state));
    return 0;
  }

 private:
  std::string id_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_delete() {
  return std::make_unique<Delete>();
}

}  // namespace caisson::runtime
