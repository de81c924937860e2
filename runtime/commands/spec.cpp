// SPDX-License-Identifier: Apache-2.0
// caisson spec: writes a config.json to start from, the same as runc's but for the host name.
#include <unistd.h>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/oci/example_config.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

class Spec final : public Command {
 public:
  void declare(Options options) override {
    options.text("-b,--bundle", bundle_, "Directory to write config.json in (default: the current one)");
    options.flag("--rootless", rootless_, "A configuration whose container is root only in a user namespace");
  }

  Result<int> run(const Globals&) override {
    const std::string path = bundle_ + "/config.json";
    const auto kind = rootless_ ? oci::ExampleKind::rootless : oci::ExampleKind::privileged;
    auto created = create_file(path, oci::example_config(kind, ::geteuid(), ::getegid()), 0666);
    if (!created && created.error().code == EEXIST) {
      return fail(EEXIST, "File config.json exists in " + bundle_ + ". Remove it first");
    }
    TRY(std::move(created));
    return 0;
  }

 private:
  std::string bundle_ = ".";
  bool rootless_ = false;
};

}  // namespace

std::unique_ptr<Command> make_spec() {
  return std::make_unique<Spec>();
}

}  // namespace caisson::runtime
