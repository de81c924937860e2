// SPDX-License-Identifier: Apache-2.0
// caisson update: new limits for a running container, inside the guest and for its cgroup on the host.
#include "runtime/lifecycle/update.h"

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {
namespace {

class Update final : public Command {
 public:
  void declare(Options options) override {
    UpdateOptions& to = update_;
    options.id(id_);
    options.text("-r,--resources", to.file,
                 "JSON file with the resources, or - for standard input; others are ignored");
    options.optional_number("--blkio-weight", to.block_io_weight, "Relative weight of block I/O, 10 to 1000");
    options.optional_number("--cpu-period", to.cpu_period, "Period of the CPU quota in microseconds");
    options.optional_number("--cpu-quota", to.cpu_quota,
                            "CPU time in a period, in microseconds; -1: no limit");
    options.optional_number("--cpu-burst", to.cpu_burst,
                            "CPU time saved up for a later period, in microseconds");
    options.optional_number("--cpu-idle", to.cpu_idle,
                            "1: run only while nothing else wants the CPU; 0: share it");
    options.optional_number("--cpu-share", to.cpu_shares, "Relative weight of CPU time");
    options.text("--cpu-rt-period", to.realtime_period, "Refused: cgroup v2 has no realtime budget");
    options.text("--cpu-rt-runtime", to.realtime_runtime, "Refused: cgroup v2 has no realtime budget");
    options.text("--cpuset-cpus", to.cpus, "CPUs of the host that the VM may run on, such as 0-3,5");
    options.text("--cpuset-mems", to.mems, "Memory nodes of the host that the VM may use");
    options.text("--memory", to.memory, "Memory limit, such as 64M; -1: no limit");
    options.text("--memory-reservation", to.reservation, "Soft memory limit");
    options.text("--memory-swap", to.swap, "Memory and swap together; -1: no limit");
    options.optional_number("--pids-limit", to.pids_limit, "Number of processes; -1: no limit");
    options.text("--l3-cache-schema", to.l3_cache_schema, "Refused: the guest has no resctrl");
    options.text("--mem-bw-schema", to.memory_bandwidth_schema, "Refused: the guest has no resctrl");
  }

  Result<int> run(const Globals& globals) override {
    TRY(update_container(globals.state_root(), id_, update_));
    return 0;
  }

 private:
  std::string id_;
  UpdateOptions update_;
};

}  // namespace

std::unique_ptr<Command> make_update() {
  return std::make_unique<Update>();
}

}  // namespace caisson::runtime
