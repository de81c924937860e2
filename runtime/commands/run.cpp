// SPDX-License-Identifier: Apache-2.0
// caisson run: create and start in one, then stay as the container's foreground until it ends; or leave,
// detached.

#include "runtime/commands/bundle_options.h"
#include "runtime/commands/exec_error.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/sweep.h"

namespace caisson::runtime {
namespace {

class Run final : public Command {
 public:
  void declare(Options options) override {
    bundle_.declare(options);
    options.flag("-d,--detach", detach_, "Leave the container running and return at once");
    options.flag("--keep", keep_, "Do not delete the container when it has ended");
    options.flag("--no-subreaper", no_subreaper_, "Accepted; the container's processes are reaped in the VM");
  }

  Result<int> run(const Globals& globals) override {
    CreateRequest request = TRY(bundle_.request(globals));
    request.detached = detach_;
    request.keep = keep_ || detach_;
    sweep(globals.state_root());
    auto code = run_container(globals.state_root(), request);
    // In the foreground we stand for the process; detached, for runc.
    return code || detach_ ? std::move(code) : exec_exit_code(std::move(code).error());
  }

 private:
  BundleOptions bundle_;
  bool detach_ = false;
  bool keep_ = false;
  bool no_subreaper_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run() {
  return std::make_unique<Run>();
}

}  // namespace caisson::runtime
