// SPDX-License-Identifier: Apache-2.0
// caisson ps: the processes of a container. The table is for people: those of the guest. The list is for
// engines, which look its pids up on the host (docker top): what the host has of the container is
// caisson-vmm, and a pid of the guest would name a stranger there.
#include <cstdio>

#include "runtime/commands/command.h"
#include "runtime/commands/process_table.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/processes.h"

namespace caisson::runtime {
namespace {

void print(const agent::v1::ListProcessesResponse& list, ProcessLayout layout) {
  const GuestTime time{.uptime_ns = list.uptime_ns(), .now = ::time(nullptr)};
  std::puts(title_of(layout).c_str());
  for (const auto& entry : list.processes()) std::puts(row_of(entry, time, layout).c_str());
}

class Ps final : public Command {
 public:
  void declare(Options options) override {
    options.choice("-f,--format", format_, {"table", "json"},
                   "table (of the guest) or json (pids of the host; default: table)");
    options.rest(arguments_, "caisson ps [options] CONTAINER [-ef | -e -x]");
  }

  Result<int> run(const Globals& globals) override {
    if (arguments_.empty()) {
      return fail(EINVAL, "no container given; usage: caisson ps [options] CONTAINER");
    }
    const ProcessLayout layout = TRY(process_layout(std::span(arguments_).subspan(1)));
    const ContainerDirectory directory = TRY(globals.state_root().find(arguments_[0]));
    const ContainerState state = TRY(directory.load());
    const bool stopped = state.current_status() == Status::stopped;
    if (format_ == "json") {
      stopped ? std::puts("null") : std::printf("[%d]\n", state.vmm.pid);
      return 0;
    }
    print(stopped ? agent::v1::ListProcessesResponse() : TRY(processes_in(directory, state)), layout);
    return 0;
  }

 private:
  std::string format_ = "table";
  std::vector<std::string> arguments_;
};

}  // namespace

std::unique_ptr<Command> make_ps() {
  return std::make_unique<Ps>();
}

}  // namespace caisson::runtime
