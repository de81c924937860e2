// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/create_plan.h"

#include <unistd.h>

#include <cstdlib>

#include "runtime/bundle/container_request.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/bundle/original_groups.h"
#include "runtime/launch/network_namespace.h"
#include "runtime/launch/standard_streams.h"
#include "runtime/oci/limits.h"

namespace caisson::runtime {
namespace {

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

void export_to(const Exports& exports, LaunchSpec& spec, DescriptorList& descriptors) {
  for (const HostExport& entry : exports.entries()) {
    spec.exports.push_back({.name = entry.name,
                            .fd = descriptors.add(entry.fd.get()),
                            .read_only = entry.read_only,
                            .writable_beneath = entry.writable_beneath,
                            .recursive = entry.recursive,
                            .socket_port = entry.socket_port,
                            .exclusive = entry.exclusive,
                            .detached = entry.detached});
  }
}

void hand_on(const std::vector<PreservedDescriptor>& preserved, LaunchSpec& spec,
             DescriptorList& descriptors) {
  for (const PreservedDescriptor& entry : preserved) {
    if (entry.device_minor != 0) {
      continue;
    }
    const int fd = descriptors.add(entry.number);
    if (entry.is_file) {
      spec.served.push_back({.name = served_name(spec.init_process, entry.number), .fd = fd});
    } else {
      spec.preserved.push_back(
          {.number = entry.number, .fd = fd, .reads = entry.reads, .writes = entry.writes});
    }
  }
}

LaunchSpec::Stdio stdio_of(const agent::v1::Process& process) {
  return {.terminal = process.terminal(),
          .input = process.attach_stdin(),
          .output = process.attach_stdout(),
          .error = process.attach_stderr(),
          .error_is_output = process.stderr_is_stdout()};
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

}  // namespace

Result<CreatePlan> plan_create(const CreateRequest& request, const std::string& state_root) {
  CreatePlan plan;
  plan.config = TRY(oci::parse_config(request.config_text));
  plan.files = TRY(find_installed_files());
  plan.settings = TRY(machine_settings(plan.config));
  plan.service_manager = TRY(find_service_manager(std::getenv("NOTIFY_SOCKET")));
  TRY(plan_container({.config = plan.config,
                      .id = request.id,
                      .bundle = request.bundle,
                      .ephemeral_overlay = request.ephemeral_overlay,
                      .shared_root = request.shared_root},
                     plan.exports, plan.in_guest));
  agent::v1::Process& init = *plan.in_guest.mutable_init();
  fill_stdio(init, kInitProcess, request.console_socket.empty() && !request.detached);
  fill_preserved(request.preserved, request.preserved_count, kInitProcess, init);
  TRY(keep_original_groups(plan.config, *init.mutable_user()));
  if (plan.service_manager) {
    plan.in_guest.set_notify_directory(plan.notify_directory());
    set_notify_socket(plan.notify_directory(), init);
  }
  fill_spare_memory(plan.settings, plan.in_guest);
  plan.view = host_view(plan.in_guest);
  plan.network = TRY(open_network_namespace(plan.config));
  plan.cgroup =
      TRY(cgroup_name(plan.config.linux_.cgroups_path, request.id, state_root, request.systemd_cgroup));
  return plan;
}

Result<ContainerState> initial_state(const CreateRequest& request, const CreatePlan& plan) {
  ContainerState state;
  state.id = request.id;
  state.oci_version = plan.config.oci_version;
  state.bundle = request.bundle;
  state.rootfs = rootfs_path(plan.config, request.bundle);
  state.created = timestamp_now();
  state.annotations = plan.config.annotations;
  state.owner = ::geteuid();
  state.maker = TRY(ProcessIdentity::of(::getpid()));
  state.pid_namespace = own_pid_namespace();
  state.is_makers = !request.keep;
  state.init_process = kInitProcess;
  const MachineSpec& machine = plan.settings.machine;
  state.guest = {.ram = {.boot_bytes = machine.memory_bytes, .usable_bytes = machine.memory_bytes},
                 .max_memory_bytes = machine.max_memory_bytes,
                 .by_need_bytes = plan.settings.grows_by_need ? machine.max_memory_bytes : 0,
                 .cpus = machine.cpus,
                 .max_cpus = machine.max_cpus};
  state.cpu_time = cpu_time_of(plan.config.linux_.resources);
  return state;
}

LaunchSpec launch_spec(const CreateRequest& request, const CreatePlan& plan, DescriptorList& descriptors) {
  const agent::v1::Process& process = plan.in_guest.init();
  LaunchSpec spec;
  spec.id = request.id;
  spec.hypervisor = plan.settings.hypervisor;
  spec.machine = plan.settings.machine;
  spec.machine.kernel = plan.files.kernel;
  spec.machine.initramfs = plan.files.initramfs;
  spec.hang_seconds = plan.settings.hang_seconds;
  spec.view = plan.view;
  spec.stdio = stdio_of(process);
  for (const auto& file : process.standard()) {
    if (!file.served_name().empty()) {
      spec.served.push_back({.name = file.served_name(), .fd = static_cast<int>(file.number())});
    }
  }
  spec.init_process = kInitProcess;
  spec.log = request.log;
  export_to(plan.exports, spec, descriptors);
  hand_on(request.preserved, spec, descriptors);
  if (plan.service_manager && plan.service_manager->socket) {
    spec.service_manager = {.fd = descriptors.add(plan.service_manager->socket.get()),
                            .main_pid = request.detached};
  }
  return spec;
}

}  // namespace caisson::runtime
