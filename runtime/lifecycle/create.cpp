// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/create.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/bundle/container_request.h"
#include "runtime/bundle/mount_points.h"
#include "runtime/bundle/unreached_links.h"
#include "runtime/launch/sandbox_cgroup.h"
#include "runtime/lifecycle/create_hooks.h"
#include "runtime/lifecycle/create_plan.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/oom_mark.h"
#include "runtime/lifecycle/unfinished.h"
#include "runtime/relay/console.h"
#include "runtime/system/files.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

// Generous: a host of two cores may be booting twenty guests without hardware virtualization.
constexpr std::chrono::seconds kCreatePatience{60};

void announce(const LaunchStatus& status, const CreateRequest& request) {
  spdlog::debug("guest is ready on {}: agent {}, kernel {}, time stamp counter {}, {} at the agent's start",
                status.machine, status.agent_version, status.kernel_release, status.agent_tsc_at_ready,
                status.agent_tsc_at_start);
  // Engines and scripts compare what a container wrote to standard error: only a log or a person is told
  // there.
  if (!status.announcement.empty() && may_warn_beside_container(request.log)) {
    spdlog::warn("{}", status.announcement);
  }
}

// On a writable root the guest can make its mount points itself; the host's view of the container wants them
// sooner.
Result<void> make_places(const CreateRequest& request, CreatePlan& plan) {
  if (request.ephemeral_overlay || request.shared_root) {
    return {};
  }
  auto made = make_mount_points(plan.exports, plan.config, plan.notify_directory(), plan.in_guest);
  if (!made && !plan.config.root.read_only) {
    spdlog::debug("{}", made.error().message);
    return {};
  }
  return made;
}

Result<agent::AgentClient> create_in_guest(const ContainerDirectory& directory,
                                           agent::v1::CreateContainerRequest& request,
                                           const std::optional<PtyPair>& pty) {
  const auto size = pty ? window_size(pty->slave.get()) : Result<WindowSize>(fail(ENOTTY, "no terminal"));
  if (size) {
    request.mutable_init()->mutable_console_size()->set_rows(size->rows);
    request.mutable_init()->mutable_console_size()->set_columns(size->columns);
  }
  auto agent =
      TRY(agent::AgentClient::connect(directory.vsock_socket(), agent::deadline_in(kCreatePatience)));
  TRY(agent.create_container(request, agent::deadline_in(kCreatePatience)));
  // Who has the other end may have changed it meanwhile, when there was no process yet that caisson-vmm could
  // tell. From now on there is.
  const auto now = size ? window_size(pty->slave.get()) : size;
  if (now && *now != *size) {
    const auto resized =
        agent.resize_tty(kInitProcess, now->rows, now->columns, agent::deadline_in(kCreatePatience));
    if (!resized) {  // it has been killed before its start, which is told elsewhere
      spdlog::debug("pass window size on: {}", resized.error().message);
    }
  }
  return agent;
}

// The caller's terminal, where that is relayed, is as large as the container's; else the configuration says.
std::optional<oci::ConsoleSize> console_size(const oci::Config& config, const CreateRequest& request) {
  const bool is_relayed = !request.detached && request.console_socket.empty();
  if (const auto size = window_size(STDIN_FILENO); size && is_relayed) {
    return oci::ConsoleSize{.height = size->rows, .width = size->columns};
  }
  return config.process ? config.process->console_size : std::nullopt;
}

// What the making of one container has reached. Each step leaves on record what `delete` must find, should we
// be killed after it.
class Creation {
 public:
  Creation(const CreateRequest& request, CreatePlan plan, const HostClock& clock, LockedContainer locked,
           ContainerState state)
      : request_(request),
        plan_(std::move(plan)),
        clock_(clock),
        locked_(std::move(locked)),
        state_(std::move(state)),
        unfinished_(locked_.directory(), state_) {}

  Result<CreatedContainer> carry_out(const CaughtSignals& signals) {
    TRY(record());
    TRY(make_places(request_, plan_));
    auto vmm = TRY(start_machine());
    const auto patience = agent::deadline_in(plan_.settings.boot_patience);
    const LaunchStatus launched = TRY(vmm.wait_ready(patience, signals));
    announce(launched, request_);
    state_.machine = launched.machine;
    unfinished_.hooks_begin();
    TRY(run_host_hooks(signals));
    plan_.in_guest.set_created_state_json(oci_state_json(state_, Status::created));
    auto agent = TRY(create_in_guest(directory(), plan_.in_guest, pty_));
    state_.status = Status::created;
    TRY(directory().save(state_));
    TRY(tell_caller(vmm));
    TRY(vmm.commit());
    vmm.release();
    unfinished_.finish();
    return CreatedContainer{.locked = std::move(locked_),
                            .state = std::move(state_),
                            .config = std::move(plan_.config),
                            .vmm = std::move(vmm),
                            .agent = std::move(agent),
                            .pty_master = pty_ ? std::move(pty_->master) : UniqueFd()};
  }

 private:
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_.directory(); }

  // First of all: should we be killed, whoever comes next knows whose it was.
  Result<void> record() {
    TRY(directory().save(state_));
    TRY(directory().write("config.json", request_.config_text));
    link_oom_mark(plan_.config, request_.bundle, directory().output_directory());
    return {};
  }

  Result<VmmProcess> start_machine() {
    cgroup_.emplace(TRY(make_sandbox_cgroup({.name = plan_.cgroup,
                                             .resources = plan_.config.linux_.resources,
                                             .guest_memory_bytes = plan_.settings.machine.memory_bytes,
                                             .policy = request_.cgroup_policy},
                                            directory(), state_)));
    const auto& process = plan_.config.process;
    pty_ = TRY(open_console({.terminal = process && process->terminal,
                             .socket = request_.console_socket,
                             .detached = request_.detached,
                             .size = console_size(plan_.config, request_)}));
    const int slave = pty_ ? pty_->slave.get() : -1;
    DescriptorList descriptors(pty_ ? std::array{slave, slave, slave} : std::array{0, 1, 2});
    LaunchSpec spec = launch_spec(request_, plan_, descriptors);
    spec.state_directory = directory().path();
    spec.output_directory = directory().output_directory();
    spec.memory_cgroup = cgroup_->own_memory;
    spec.clock = clock_.first();
    VmmSpec spawn{.program = plan_.files.vmm,
                  .spec = std::move(spec),
                  .descriptors = descriptors.sources(),
                  .controlling_terminal = pty_.has_value(),
                  .network_namespace = plan_.network.is_valid() ? plan_.network.get() : -1};
    for (const UniqueFd& members : cgroup_->cgroup.members) spawn.cgroup_members.push_back(members.get());
    VmmProcess vmm = TRY(VmmProcess::spawn(std::move(spawn)));
    // From here on a dead caisson leaves a process behind that `delete` must find.
    state_.vmm = vmm.identity();
    TRY(directory().save(state_));
    return vmm;
  }

  Result<void> run_host_hooks(const CaughtSignals& signals) {
    const oci::Hooks& hooks = plan_.config.hooks;
    const HookScene scene{.state_json = oci_state_json(state_, Status::creating),
                          .directory = request_.bundle,
                          .signals = &signals};
    TRY(run_hooks(hooks.prestart, "prestart", scene));
    TRY(run_hooks(hooks.create_runtime, "createRuntime", scene));
    return run_create_container_hooks(
        hooks.create_container, scene,
        {.exports = plan_.exports, .view = plan_.view, .rootfs = state_.rootfs, .vmm = state_.vmm.pid});
  }

  Result<void> tell_caller(const VmmProcess& vmm) {
    if (!request_.pidfd_socket.empty()) {
      TRY_CONTEXT("--pidfd-socket", send_pidfd(request_.pidfd_socket, vmm.pidfd()));
    }
    return request_.pid_file.empty() ? Result<void>()
                                     : replace_file(request_.pid_file, std::to_string(state_.vmm.pid), 0644);
  }

  const CreateRequest& request_;
  CreatePlan plan_;
  const HostClock& clock_;
  LockedContainer locked_;
  ContainerState state_;
  Unfinished unfinished_;
  std::optional<SandboxCgroup> cgroup_;  // with what keeps its place until caisson-vmm has joined
  std::optional<PtyPair> pty_;
};

}  // namespace

Result<std::string> read_bundle_config(const std::string& bundle, const std::string& name) {
  return read_file((std::filesystem::path(bundle) / name).string(), oci::kMaxDocumentBytes);
}

Result<CreatedContainer> create_container(const StateRoot& root, const CreateRequest& request,
                                          const CaughtSignals& signals) {
  const HostClock clock;  // the sooner, the better
  CreatePlan plan = TRY(plan_create(request, root.path()));
  ContainerState state = TRY(initial_state(request, plan));
  LockedContainer locked = TRY(root.reserve(request.id));
  return Creation(request, std::move(plan), clock, std::move(locked), std::move(state)).carry_out(signals);
}

}  // namespace caisson::runtime
