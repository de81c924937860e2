// SPDX-License-Identifier: Apache-2.0
// caisson delete: takes a stopped container away, or with --force any.
#include "runtime/lifecycle/delete.h"

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Delete final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.flag(
        "-r,--regex", regex_,
        "As in crun: the name is an extended regular expression, and every container with a match goes");
    options.flag("-f,--force", force_, "Also a running one (SIGKILL first), and succeed when there is none");
  }

  Result<int> run(const Globals& globals) override {
    const Force force = force_ ? Force::yes : Force::no;
    TRY(regex_ ? delete_matching(globals.state_root(), id_, force)
               : delete_container(globals.state_root(), id_, force));
    return 0;
  }

 private:
  std::string id_;
  bool regex_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_delete() {
  return std::make_unique<Delete>();
}

}  // namespace caisson::runtime
