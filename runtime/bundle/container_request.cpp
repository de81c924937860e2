// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/container_request.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/guest_mount.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/bundle/guest_resources.h"
#include "runtime/bundle/id_mappings.h"
#include "runtime/oci/names.h"
#include "runtime/oci/sysctl.h"

namespace caisson::runtime {
namespace {

// docs/oci-support.md, "Namespaces": every kind is made anew inside the guest. A path is a namespace of the
// host: of the network's, caisson-vmm joins it there; the others cannot be entered from another kernel. The
// guest's own network is the container's, unless a user namespace is to own it.
Result<void> fill_namespaces(const oci::Linux& linux_config, agent::v1::CreateContainerRequest& out) {
  for (size_t i = 0; i < linux_config.namespaces.size(); ++i) {
    const oci::Namespace& entry = linux_config.namespaces[i];
    if (!entry.path.empty() && entry.type.flag != CLONE_NEWNET) {
      return fail(EINVAL,
                  "linux.namespaces[" + std::to_string(i) + "].path: " + entry.path +
                      " is a namespace of the host's kernel, which the guest cannot enter; remove the path");
    }
    if (entry.type.flag != CLONE_NEWNET || linux_config.find_namespace(CLONE_NEWUSER) != nullptr) {
      out.add_namespaces()->set_kind(entry.type.flag);
    }
  }
  return {};
}

// As runc and crun clean it.
Result<std::string> device_path(const std::string& path, const std::string& context) {
  const std::string clean = std::filesystem::path(path).lexically_normal().string();
  const std::string whole =
      clean.size() > 1 && clean.ends_with('/') ? clean.substr(0, clean.size() - 1) : clean;
  if (!whole.starts_with('/') || whole == "/") {
    return fail(EINVAL, context + ".path: \"" + path + "\" is not an absolute path of a file");
  }
  return whole;
}

Result<void> fill_devices(const std::vector<oci::Device>& devices, agent::v1::CreateContainerRequest& out) {
  for (size_t i = 0; i < devices.size(); ++i) {
    const oci::Device& device = devices[i];
    const std::string context = "linux.devices[" + std::to_string(i) + "]";
    if (device.type.letter == 'a') {
      return fail(EINVAL, context + ".type: must be c, u, b or p");
    }
    if (device.major < 0 || device.minor < 0 || device.major > INT32_MAX || device.minor > INT32_MAX) {
      return fail(EINVAL, context + ": major and minor must be between 0 and 2147483647");
    }
    auto& to = *out.add_devices();
    to.set_path(TRY(device_path(device.path, context)));
    to.set_type(device.type.letter == 'b' ? S_IFBLK : device.type.letter == 'p' ? S_IFIFO : S_IFCHR);
    to.set_major_number(static_cast<uint32_t>(device.major));
    to.set_minor_number(static_cast<uint32_t>(device.minor));
    if (device.file_mode) to.set_file_mode(*device.file_mode);
    to.set_uid(device.uid);
    to.set_gid(device.gid);
  }
  return {};
}

void fill_hooks(const std::vector<oci::Hook>& hooks,
                google::protobuf::RepeatedPtrField<agent::v1::Hook>& to) {
  for (const oci::Hook& hook : hooks) {
    auto& entry = *to.Add();
    entry.set_path(hook.path);
    for (const std::string& argument : hook.args) entry.add_args(argument);
    for (const std::string& variable : hook.env) entry.add_env(variable);
    entry.set_timeout_seconds(static_cast<uint32_t>(hook.timeout.value_or(0)));
  }
}

Result<void> fill_linux(const oci::Linux& from, agent::v1::CreateContainerRequest& out) {
  // Where a container sees its own cgroup's name, it is the one it was given.
  out.set_cgroup_path(from.cgroups_path);
  TRY(fill_namespaces(from, out));
  fill_mappings(from.uid_mappings, *out.mutable_uid_mappings());
  fill_mappings(from.gid_mappings, *out.mutable_gid_mappings());
  TRY(fill_devices(from.devices, out));
  TRY(fill_resources(from.resources, *out.mutable_resources()));
  TRY(oci::check_sysctls(from));
  for (const auto& [name, value] : from.sysctl) (*out.mutable_sysctl())[name] = value;
  for (const std::string& path : from.masked_paths) out.add_masked_paths(path);
  for (const std::string& path : from.readonly_paths) out.add_readonly_paths(path);
  out.set_rootfs_propagation(from.rootfs_propagation.flags);
  for (const auto& [clock, offset] : from.time_offsets) {
    if (clock != "monotonic" && clock != "boottime") {
      return fail(EINVAL, "linux.timeOffsets." + clock + ": unknown clock; monotonic and boottime are known");
    }
    auto& to = *out.add_time_offsets();
    to.set_clock(clock);
    to.set_seconds(offset.secs);
    to.set_nanoseconds(offset.nanosecs);
  }
  return {};
}

}  // namespace

std::string rootfs_path(const oci::Config& config, const std::string& bundle) {
  return absolute_path(config.root.path, bundle);
}

Result<void> plan_container(const RequestSpec& source, Exports& exports,
                            agent::v1::CreateContainerRequest& out) {
  const oci::Config& config = source.config;
  out.set_container(source.id);
  out.set_process(kInitProcess);
  if (config.process) {
    TRY(fill_process(*config.process, config.linux_, *out.mutable_init()));
    // [oci] config.md, "Process": of what is executed in the container alone.
    out.mutable_init()->clear_final_cpus();
  } else {
    fill_absent_process(*out.mutable_init());
  }

  const bool read_only_export = config.root.read_only || source.ephemeral_overlay;
  // overlayfs takes no lower layer with mounts of its own in it ("Object is remote").
  const bool recursive = !source.ephemeral_overlay;
  out.mutable_root()->set_export_name(TRY(exports.add_directory(
      rootfs_path(config, source.bundle), "rootfs", read_only_export, !source.shared_root, recursive)));
  out.mutable_root()->set_read_only(config.root.read_only && !source.ephemeral_overlay);
  out.mutable_root()->set_ephemeral_overlay(source.ephemeral_overlay);

  for (size_t i = 0; i < config.mounts.size(); ++i) {
    TRY(fill_mount(config.mounts[i], {.linux_ = config.linux_, .bundle = source.bundle},
                   "mounts[" + std::to_string(i) + "]", exports, *out.add_mounts()));
  }
  out.set_hostname(config.hostname);
  out.set_domainname(config.domainname);
  fill_hooks(config.hooks.start_container, *out.mutable_start_container_hooks());
  return fill_linux(config.linux_, out);
}

}  // namespace caisson::runtime
