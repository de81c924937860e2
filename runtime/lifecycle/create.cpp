// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/create.h"

#include <fcntl.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/bundle/container_request.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/bundle/mount_points.h"
#include "runtime/bundle/original_groups.h"
#include "runtime/bundle/unreached_links.h"
#include "runtime/launch/installed_files.h"
#include "runtime/launch/sandbox_cgroup.h"
#include "runtime/launch/service_manager.h"
#include "runtime/launch/settings.h"
#include "runtime/lifecycle/create_hooks.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/oom_mark.h"
#include "runtime/oci/limits.h"
#include "runtime/relay/console.h"
#include "runtime/system/files.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

// Generous: a host of two cores may be booting twenty guests without hardware virtualization.
constexpr std::chrono::seconds kCreatePatience{60};

// Removes what was laid down, unless the container came to be. Once hooks have begun, those of "poststop"
// follow. [oci] runtime.md, "Lifecycle", steps 3 to 5
class Unfinished {
 public:
  Unfinished(const ContainerDirectory& directory, const ContainerState& state)
      : directory_(directory), state_(state) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (!finished_) {
      const auto removed =
          hooks_began_ ? destroy_container(directory_, state_) : remove_remains(directory_, state_);
      if (!removed) {
        spdlog::warn("clean up after failed create: {}", removed.error().message);
      }
    }
  }
  void hooks_begin() { hooks_began_ = true; }
  void finish() { finished_ = true; }

 private:
  const ContainerDirectory& directory_;
  const ContainerState& state_;
  bool hooks_began_ = false;
  bool finished_ = false;
};

// [oci] config-linux.md, "Network": without a network namespace the container would use the host's.
Result<UniqueFd> open_network_namespace(const oci::Config& config) {
  const oci::Namespace* network = config.linux_.find_namespace(CLONE_NEWNET);
  const bool loopback_instead = TRY(loopback_for_host_network());
  if (network == nullptr) {
    if (loopback_instead) {
      return UniqueFd();
    }
    return fail(
        EINVAL,
        "linux.namespaces: no \"network\" is listed, but a VM cannot use the host's network stack; add "
        "{\"type\": \"network\"}");
  }
  if (network->path.empty()) {
    return UniqueFd();
  }
  UniqueFd fd(::open(network->path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("linux.namespaces (network): open " + network->path);
  }
  struct stat joined {};
  struct stat own {};
  if (::fstat(fd.get(), &joined) == 0 && ::stat("/proc/self/ns/net", &own) == 0 &&
      joined.st_dev == own.st_dev && joined.st_ino == own.st_ino) {
    if (loopback_instead) {
      return UniqueFd();
    }
    return fail(EINVAL, "linux.namespaces (network): " + network->path +
                            " is the host's own, but a VM cannot use the host's network stack; use a network "
                            "namespace of the container");
  }
  return fd;
}

CpuTime cpu_time_of(const oci::Resources& resources) {
  CpuTime time;
  if (const auto quota = oci::cpu_quota_us(resources)) {
    time.quota_us = static_cast<int64_t>(*quota);
  }
  if (resources.cpu) {
    time.period_us = oci::cpu_period_us(*resources.cpu);
  }
  return time;
}

ContainerState initial_state(const CreateRequest& request, const oci::Config& config,
                             const MachineSettings& settings, const ProcessIdentity& maker) {
  ContainerState state;
  state.id = request.id;
  state.oci_version = config.oci_version;
  state.bundle = request.bundle;
  state.rootfs = rootfs_path(config, request.bundle);
  state.created = timestamp_now();
  state.annotations = config.annotations;
  state.owner = ::geteuid();
  state.maker = maker;
  state.pid_namespace = own_pid_namespace();
  state.is_makers = !request.keep;
  state.init_process = kInitProcess;
  const MachineSpec& machine = settings.machine;
  state.guest = {.ram = {.boot_bytes = machine.memory_bytes, .usable_bytes = machine.memory_bytes},
                 .max_memory_bytes = machine.max_memory_bytes,
                 .by_need_bytes = settings.grows_by_need ? machine.max_memory_bytes : 0,
                 .cpus = machine.cpus,
                 .max_cpus = machine.max_cpus};
  state.cpu_time = cpu_time_of(config.linux_.resources);
  return state;
}

LaunchSpec launch_spec(const CreateRequest& request, const ContainerDirectory& directory,
                       const MachineSettings& settings, const InstalledFiles& files, const HostClock& clock,
                       const agent::v1::Process& process) {
  LaunchSpec spec;
  spec.id = request.id;
  spec.state_directory = directory.path();
  spec.output_directory = directory.output_directory();
  spec.hypervisor = settings.hypervisor;
  spec.machine = settings.machine;
  spec.machine.kernel = files.kernel;
  spec.machine.initramfs = files.initramfs;
  spec.hang_seconds = settings.hang_seconds;
  spec.clock = clock.first();
  spec.stdio = process.terminal()           ? StdioMode::terminal
               : process.stderr_is_stdout() ? StdioMode::joined
                                            : StdioMode::streams;
  spec.init_process = kInitProcess;
  spec.log = request.log;
  return spec;
}

// The blocks that the agent may add by itself.
void fill_spare_memory(const MachineSettings& settings, agent::v1::CreateContainerRequest& out) {
  const MachineSpec& machine = settings.machine;
  if (settings.grows_by_need) {
    const auto spare = guest_layout::blocks_between(machine.memory_bytes, machine.max_memory_bytes);
    out.mutable_spare_memory_blocks()->Add(spare.begin(), spare.end());
  }
}

// What the host shall find of the container's files (docs/launch.md). A throw-away layer is the guest's
// alone.
std::vector<LaunchSpec::ViewMount> host_view(const agent::v1::CreateContainerRequest& request) {
  if (request.root().ephemeral_overlay()) {
    return {};
  }
  std::vector<LaunchSpec::ViewMount> view = {
      {.destination = "/", .export_name = request.root().export_name()}};
  for (const agent::v1::Mount& mount : request.mounts()) {
    view.push_back({.destination = mount.destination(), .export_name = mount.export_name()});
  }
  if (!request.notify_directory().empty()) {
    view.push_back({.destination = request.notify_directory(), .export_name = {}});
  }
  return view;
}

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
Result<void> make_places(const oci::Config& config, const CreateRequest& request, const Exports& exports,
                         const std::string& notify_directory,
                         agent::v1::CreateContainerRequest& guest_request) {
  if (request.ephemeral_overlay || request.shared_root) {
    return {};
  }
  auto made = make_mount_points(exports, config, notify_directory, guest_request);
  if (!made && !config.root.read_only) {
    spdlog::debug("{}", made.error().message);
    return {};
  }
  return made;
}

Result<agent::AgentClient> create_in_guest(const ContainerDirectory& directory,
                                           const agent::v1::CreateContainerRequest& request) {
  auto agent =
      TRY(agent::AgentClient::connect(directory.vsock_socket(), agent::deadline_in(kCreatePatience)));
  TRY(agent.create_container(request, agent::deadline_in(kCreatePatience)));
  return agent;
}

}  // namespace

Result<std::string> read_bundle_config(const std::string& bundle, const std::string& name) {
  return read_file((std::filesystem::path(bundle) / name).string(), oci::kMaxDocumentBytes);
}

Result<CreatedContainer> create_container(const StateRoot& root, const CreateRequest& request,
                                          const CaughtSignals& signals) {
  const HostClock clock;  // the sooner, the better
  oci::Config config = TRY(oci::parse_config(request.config_text));
  const InstalledFiles files = TRY(find_installed_files());
  const MachineSettings settings = TRY(machine_settings(config));
  const auto service_manager = TRY(find_service_manager(std::getenv("NOTIFY_SOCKET")));
  Exports exports;
  agent::v1::CreateContainerRequest guest_request;
  TRY(plan_container({.config = config,
                      .id = request.id,
                      .bundle = request.bundle,
                      .ephemeral_overlay = request.ephemeral_overlay,
                      .shared_root = request.shared_root},
                     exports, guest_request));
  TRY(make_places(config, request, exports, service_manager ? service_manager->directory : std::string(),
                  guest_request));
  fill_stdio(*guest_request.mutable_init(), request.console_socket.empty() && !request.detached);
  fill_inherited(request.inherited, request.inherited_count, *guest_request.mutable_init());
  TRY(keep_original_groups(config, *guest_request.mutable_init()->mutable_user()));
  if (service_manager) {
    guest_request.set_notify_directory(service_manager->directory);
    set_notify_socket(service_manager->directory, *guest_request.mutable_init());
  }
  fill_spare_memory(settings, guest_request);
  const UniqueFd network = TRY(open_network_namespace(config));
  const CgroupName cgroup =
      TRY(cgroup_name(config.linux_.cgroups_path, request.id, root.path(), request.systemd_cgroup));

  ContainerState state = initial_state(request, config, settings, TRY(ProcessIdentity::of(::getpid())));
  LockedContainer locked = TRY(root.reserve(request.id));
  const ContainerDirectory& directory = locked.directory();
  Unfinished unfinished(directory, state);
  // First of all: should we be killed, whoever comes next knows whose it was.
  TRY(directory.save(state));
  TRY(directory.write("config.json", request.config_text));
  link_oom_mark(config, request.bundle, directory.output_directory());
  const SandboxCgroup sandbox_cgroup =
      TRY(make_sandbox_cgroup({.name = cgroup,
                               .resources = config.linux_.resources,
                               .guest_memory_bytes = settings.machine.memory_bytes,
                               .policy = request.cgroup_policy},
                              directory, state));

  auto pty = TRY(open_console({.terminal = config.process && config.process->terminal,
                               .socket = request.console_socket,
                               .detached = request.detached,
                               .size = config.process ? config.process->console_size : std::nullopt}));
  VmmSpawn spawn{
      .program = files.vmm,
      .spec = launch_spec(request, directory, settings, files, clock, guest_request.init()),
      .exports = &exports.entries(),
      .inherited = &request.inherited,
      .controlling_terminal = pty.has_value(),
      .service_manager = service_manager && service_manager->socket ? service_manager->socket.get() : -1,
      .is_main_process = request.detached,
      .network_namespace = network.is_valid() ? network.get() : -1};
  for (const UniqueFd& members : sandbox_cgroup.cgroup.members) spawn.cgroup_members.push_back(members.get());
  const std::vector<LaunchSpec::ViewMount> view = host_view(guest_request);
  spawn.spec.view = view;
  spawn.spec.memory_cgroup = sandbox_cgroup.own_memory;
  if (pty) {
    std::fill_n(spawn.standard_fds, 3, pty->slave.get());
  }
  VmmProcess vmm = TRY(VmmProcess::spawn(std::move(spawn)));
  // From here on a dead caisson leaves a process behind that `delete` must find.
  state.vmm = vmm.identity();
  TRY(directory.save(state));

  const LaunchStatus launched = TRY(vmm.wait_ready(agent::deadline_in(settings.boot_patience), signals));
  announce(launched, request);
  state.machine = launched.machine;
  unfinished.hooks_begin();
  const HookScene scene{.state_json = oci_state_json(state, Status::creating),
                        .directory = request.bundle,
                        .signals = &signals};
  TRY(run_hooks(config.hooks.prestart, "prestart", scene));
  TRY(run_hooks(config.hooks.create_runtime, "createRuntime", scene));
  TRY(run_create_container_hooks(
      config.hooks.create_container, scene,
      {.exports = exports, .view = view, .rootfs = state.rootfs, .vmm = state.vmm.pid}));
  guest_request.set_created_state_json(oci_state_json(state, Status::created));
  agent::AgentClient agent = TRY(create_in_guest(directory, guest_request));

  state.status = Status::created;
  TRY(directory.save(state));
  if (!request.pidfd_socket.empty()) {
    TRY_CONTEXT("--pidfd-socket", send_pidfd(request.pidfd_socket, vmm.pidfd()));
  }
  if (!request.pid_file.empty()) {
    TRY(replace_file(request.pid_file, std::to_string(state.vmm.pid), 0644));
  }
  TRY(vmm.commit());
  vmm.release();
  unfinished.finish();
  return CreatedContainer{.locked = std::move(locked),
                          .state = std::move(state),
                          .config = std::move(config),
                          .vmm = std::move(vmm),
                          .agent = std::move(agent),
                          .pty_master = pty ? std::move(pty->master) : UniqueFd()};
}

}  // namespace caisson::runtime
