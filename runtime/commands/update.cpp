// SPDX-License-Identifier: Apache-2.0
// caisson update: new limits for a running container, inside the guest and for its cgroup on the host.
#include <algorithm>
#include <iterator>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/bundle/guest_resources.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/cgroup/scope.h"
#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/control.h"
#include "runtime/launch/knobs.h"
#include "runtime/lifecycle/growth.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

class Update final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.text("-r,--resources", file_,
                 "JSON file with the resources, or - for standard input; others are ignored");
    options.optional_number("--blkio-weight", weight_, "Relative weight of block I/O, 10 to 1000");
    options.optional_number("--cpu-period", period_, "Period of the CPU quota in microseconds");
    options.optional_number("--cpu-quota", quota_, "CPU time in a period, in microseconds; -1: no limit");
    options.optional_number("--cpu-burst", burst_, "CPU time saved up for a later period, in microseconds");
    options.optional_number("--cpu-idle", idle_, "1: run only while nothing else wants the CPU; 0: share it");
    options.optional_number("--cpu-share", shares_, "Relative weight of CPU time");
    options.text("--cpu-rt-period", rt_period_, "Refused: cgroup v2 has no realtime budget");
    options.text("--cpu-rt-runtime", rt_runtime_, "Refused: cgroup v2 has no realtime budget");
    options.text("--cpuset-cpus", cpus_, "CPUs of the host that the VM may run on, such as 0-3,5");
    options.text("--cpuset-mems", mems_, "Memory nodes of the host that the VM may use");
    options.text("--memory", memory_, "Memory limit, such as 64M; -1: no limit");
    options.text("--memory-reservation", reservation_, "Soft memory limit");
    options.text("--memory-swap", swap_, "Memory and swap together; -1: no limit");
    options.optional_number("--pids-limit", pids_, "Number of processes; -1: no limit");
    options.text("--l3-cache-schema", l3_, "Refused: the guest has no resctrl");
    options.text("--mem-bw-schema", bandwidth_, "Refused: the guest has no resctrl");
  }

  Result<int> run(const Globals& globals) override {
    const LockedContainer locked = TRY(globals.state_root().lock(id_));
    ContainerState state = TRY(locked.directory().load());
    if (state.current_status() == Status::stopped) {
      return fail(ESRCH, "container not running");
    }
    oci::Resources resources = TRY(wanted());
    complete_quota(resources, state.cpu_time);
    agent::v1::Resources in_guest;
    TRY(fill_resources(resources, in_guest));
    state.guest = TRY(grown_for(resources, state.guest, state.cpu_time));
    const AwakeGuest awake = TRY(AwakeGuest::of(locked.directory(), state));
    const auto deadline = agent::deadline_in(kAwakePatience);
    auto agent = TRY(agent::AgentClient::connect(locked.directory().vsock_socket(), deadline));
    // ORDERING: on record, then allowed by the host, then in use by the guest. Who comes after an update that
    // was killed in between never finds a guest larger than is known.
    TRY(locked.directory().save(state));
    TRY(update_host(resources, state));
    const auto blocks = guest_layout::blocks_of(state.guest.ram);
    if (!blocks.empty() || state.guest.max_cpus > 1) {
      TRY(agent.grow_machine(blocks, state.guest.cpus, deadline));
    }
    TRY(agent.update_container(state.id, in_guest, deadline));
    if (resources.cpu && resources.cpu->quota.value_or(0) != 0) {
      state.cpu_time = {.quota_us = *resources.cpu->quota,
                        .period_us = resources.cpu->period.value_or(state.cpu_time.period_us)};
      TRY(locked.directory().save(state));
    }
    return 0;
  }

 private:
  static Result<void> update_host(const oci::Resources& resources, const ContainerState& state) {
    // What a guest has once taken stays its own.
    const uint64_t memory_bytes = std::max(state.guest.ram.usable_bytes, state.guest.by_need_bytes);
    if (!state.systemd_unit.empty()) {
      TRY(update_scope(state.systemd_unit, TRY(cgroup_writes(resources, memory_bytes))));
    }
    return update_cgroup(state.cgroup_path, resources, memory_bytes);
  }

  Result<oci::Resources> wanted() const {
    if (!file_.empty()) {
      const std::string text = TRY(file_ == "-" ? read_all(0, "standard input", oci::kMaxDocumentBytes)
                                                : read_file(file_, oci::kMaxDocumentBytes));
      return oci::parse_resources(text);
    }
    for (const std::string* refused : {&rt_period_, &rt_runtime_, &l3_, &bandwidth_}) {
      if (!refused->empty() && *refused != "0") {
        return fail(ENOTSUP,
                    "update: realtime budgets and resctrl do not exist in the guest; leave the option out");
      }
    }
    if (idle_ && *idle_ != 0 && *idle_ != 1) {
      return fail(EINVAL, "--cpu-idle: must be 0 or 1");
    }
    oci::Resources resources;
    oci::Cpu& cpu = resources.cpu.emplace();
    cpu.shares = TRY(positive(shares_, "--cpu-share"));
    cpu.period = TRY(positive(period_, "--cpu-period"));
    cpu.quota = quota_;
    cpu.burst = TRY(positive(burst_, "--cpu-burst"));
    cpu.idle = idle_;
    cpu.cpus = cpus_;
    cpu.mems = mems_;
    oci::Memory& memory = resources.memory.emplace();
    memory.limit = TRY(size(memory_, "--memory"));
    memory.reservation = TRY(size(reservation_, "--memory-reservation"));
    memory.swap = TRY(size(swap_, "--memory-swap"));
    if (pids_) {
      resources.pids = oci::Pids{.limit = pids_};
    }
    if (const auto weight = TRY(positive(weight_, "--blkio-weight"))) {
      if (*weight != 0 && (*weight < 10 || *weight > 1000)) {
        return fail(EINVAL, "--blkio-weight: " + std::to_string(*weight) + " is not within 10 and 1000");
      }
      resources.block_io.emplace().weight = static_cast<uint16_t>(*weight);
    }
    return resources;
  }

  static Result<std::optional<uint64_t>> positive(const std::optional<int64_t>& number, const char* option) {
    if (!number) {
      return std::nullopt;
    }
    if (*number < 0) {
      return fail(EINVAL, std::string(option) + ": must not be negative");
    }
    return static_cast<uint64_t>(*number);
  }

  static Result<std::optional<int64_t>> size(const std::string& text, const char* option) {
    if (text.empty()) {
      return std::nullopt;
    }
    if (text == "-1") {
      return -1;
    }
    const auto bytes = parse_size(text);
    if (!bytes) {
      return fail(EINVAL, std::string(option) + ": \"" + text + "\" is not a size such as 64M");
    }
    return static_cast<int64_t>(*bytes);
  }

  std::string id_;
  std::string file_;
  std::string cpus_;
  std::string mems_;
  std::string memory_;
  std::string reservation_;
  std::string swap_;
  std::string rt_period_;
  std::string rt_runtime_;
  std::string l3_;
  std::string bandwidth_;
  std::optional<int64_t> weight_;
  std::optional<int64_t> period_;
  std::optional<int64_t> quota_;
  std::optional<int64_t> burst_;
  std::optional<int64_t> idle_;
  std::optional<int64_t> shares_;
  std::optional<int64_t> pids_;
};

}  // namespace

std::unique_ptr<Command> make_update() {
  return std::make_unique<Update>();
}

}  // namespace caisson::runtime
