// SPDX-License-Identifier: Apache-2.0
// caisson create: makes a container whose first process waits for `caisson start`.
#include "runtime/lifecycle/create.h"

#include "runtime/commands/bundle_options.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/sweep.h"

namespace caisson::runtime {
namespace {

class Create final : public Command {
 public:
  void declare(Options options) override { bundle_.declare(options); }

  Result<int> run(const Globals& globals) override {
    const CreateRequest request = TRY(bundle_.request(globals));
    sweep(globals.state_root());
    TRY(create_container(globals.state_root(), request, TRY(CaughtSignals::take())));
    return 0;
  }

 private:
  BundleOptions bundle_;
};

}  // namespace

std::unique_ptr<Command> make_create() {
  return std::make_unique<Create>();
}

}  // namespace caisson::runtime
