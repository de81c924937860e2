// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/destroy.h"

#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <csignal>

#include "runtime/cgroup/freezer.h"
#include "runtime/cgroup/host_cgroup.h"
#include "runtime/cgroup/scope.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {
namespace {

// A process that has been sent SIGKILL ends as soon as the kernel lets it; longer than this it is stuck in
// the kernel.
constexpr std::chrono::seconds kKillPatience{10};

std::vector<oci::Hook> poststop_hooks(const ContainerDirectory& directory) {
  const auto text = directory.read("config.json");
  if (!text && text.error().code == ENOENT) {
    return {};  // its creator died before there were any
  }
  const auto config = text ? oci::parse_config(*text) : tl::unexpected(text.error());
  if (!config) {
    spdlog::warn("{}: {}; whether it has poststop hooks is not known, and none runs", directory.path(),
                 config.error().message);
    return {};
  }
  return config->hooks.poststop;
}

}  // namespace

Result<void> kill_machine(const ContainerState& state) {
  const auto process = open_process(state.vmm);
  if (!process) {
    return process.error().code == ESRCH ? Result<void>() : tl::unexpected(process.error());
  }
  if (auto sent = send_signal(*process, SIGKILL); !sent && sent.error().code != ESRCH) {
    return sent;
  }
  TRY(leave_frozen_cgroup(state.vmm.pid));
  if (!TRY(wait_for_end(*process, std::chrono::steady_clock::now() + kKillPatience))) {
    return fail(ETIMEDOUT, "kill caisson-vmm " + std::to_string(state.vmm.pid) +
                               ": it does not end; it is stuck in the kernel, see /proc/" +
                               std::to_string(state.vmm.pid) + "/stack");
  }
  // When it is our child, nobody else will reap it.
  ::waitpid(state.vmm.pid, nullptr, WNOHANG);
  return {};
}

Result<void> remove_remains(const ContainerDirectory& directory, const ContainerState& state) {
  TRY(kill_machine(state));
  // Its directories are gone with it, but for those that only we made.
  if (!state.systemd_unit.empty()) {
    TRY(stop_scope(state.systemd_unit));
  }
  TRY(remove_cgroup(state.cgroups));
  return directory.remove();
}

Result<void> destroy_container(const ContainerDirectory& directory, const ContainerState& state) {
  const std::vector<oci::Hook> hooks = poststop_hooks(directory);
  TRY(remove_remains(directory, state));
  run_hooks_logging(hooks, "poststop",
                    {.state_json = oci_state_json(state, Status::stopped), .directory = state.bundle});
  return {};
}

}  // namespace caisson::runtime
