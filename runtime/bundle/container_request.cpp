// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/container_request.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>

#include "common/link_in_root.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/guest_process.h"
#include "runtime/bundle/guest_resources.h"
#include "runtime/oci/mount_options.h"
#include "runtime/oci/names.h"
#include "runtime/oci/sysctl.h"

namespace caisson::runtime {
namespace {

// File systems the guest's kernel makes out of nothing; a source on the host means nothing to them.
constexpr std::string_view kGuestFileSystems[] = {
    "proc",    "sysfs",     "tmpfs",      "devpts",      "mqueue",   "cgroup",
    "cgroup2", "ramfs",     "bpf",        "debugfs",     "tracefs",  "configfs",
    "fusectl", "hugetlbfs", "securityfs", "binfmt_misc", "devtmpfs", "pstore",
};

std::string absolute(const std::string& path, const std::string& base) {
  return path.starts_with('/') ? path : base + "/" + path;
}

void fill_mappings(const std::vector<oci::IdMapping>& from,
                   google::protobuf::RepeatedPtrField<agent::v1::IdMapping>& to) {
  for (const oci::IdMapping& mapping : from) {
    auto& entry = *to.Add();
    entry.set_container_id(mapping.container_id);
    entry.set_host_id(mapping.host_id);
    entry.set_size(mapping.size);
  }
}

bool is_bind(const oci::Mount& mount, const oci::MountOptions& options) {
  return mount.type == "bind" || (options.flags & MS_BIND) != 0;
}

// [oci] config-linux.md, mounts: with "idmap" or "ridmap" and no mappings, those of the container.
Result<void> fill_id_maps(const oci::Mount& mount, const oci::MountOptions& options,
                          const oci::Linux& linux_config, const std::string& context, agent::v1::Mount& out) {
  // crun's.
  for (const std::string& word : mount.options) {
    if (word.starts_with("idmap=") || word.starts_with("ridmap=")) {
      return fail(EINVAL,
                  context + ".options: " + word + ": give the mount uidMappings and gidMappings instead");
    }
  }
  const bool has_own = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (!has_own && !options.idmap) {
    return {};
  }
  if (!is_bind(mount, options)) {
    return fail(EINVAL, context + ": only ids of a bind mount can be mapped; remove " +
                            (has_own ? "uidMappings and gidMappings" : "idmap from options"));
  }
  const auto& uids = has_own ? mount.uid_mappings : linux_config.uid_mappings;
  const auto& gids = has_own ? mount.gid_mappings : linux_config.gid_mappings;
  if (uids.empty() || gids.empty()) {
    return fail(EINVAL, has_own ? context + ": uidMappings and gidMappings: one is empty; give both or none"
                                : context +
                                      ".options: idmap: the container has no user namespace whose "
                                      "mappings it could take; give the mount uidMappings and gidMappings");
  }
  fill_mappings(uids, *out.mutable_uid_mappings());
  fill_mappings(gids, *out.mutable_gid_mappings());
  out.set_map_beneath(options.idmap_beneath);
  return {};
}

// What an option may forbid on a mount.
constexpr uint64_t kRestrictions =
    MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | MS_NOATIME | MS_NODIRATIME;

void add_beneath(const MountBeneath& mount, agent::v1::Mount& out) {
  out.add_mounts_beneath(mount.path);
  // Whether it may be written is the host's to say.
  out.add_flags_beneath(mount.flags & ~static_cast<uint64_t>(MS_RDONLY));
}

// Mounts beneath come into being, in the guest, as paths lead there: too late to be mapped with the one
// above.
Result<void> fill_mapped_beneath(const HostExport& source, const std::string& context,
                                 agent::v1::Mount& out) {
  out.clear_mounts_beneath();
  out.clear_flags_beneath();
  for (const MountBeneath& mount : TRY(mounts_beneath(source.fd.get()))) add_beneath(mount, out);
  return out.mounts_beneath_size() < static_cast<int>(kMaxMountsBeneath)
             ? Result<void>{}
             : fail(E2BIG, context + ".options: ridmap: the source has " + std::to_string(kMaxMountsBeneath) +
                               " mounts beneath it or more; use idmap");
}

// mount(2), bind mounts: a copy has the flags of its source, but for those that are cleared by name. What is
// read-only on the host stays so, whatever is said.
uint64_t not_kept(const oci::MountOptions& options) {
  constexpr uint64_t kAccessTimes = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
  const uint64_t named = options.flags | options.flags_cleared;
  return (options.flags_cleared & ~static_cast<uint64_t>(MS_RDONLY)) |
         ((named & kAccessTimes) != 0 ? uint64_t{MS_NOATIME} : 0);
}

// crun's "copy-symlink": where the source is a symbolic link, the container has one like it, and no mount.
// Empty for any other file; one that is not there is told of where it is to be mounted.
Result<std::string> target_of_link(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) < 0 || !S_ISLNK(info.st_mode)) {
    return std::string();
  }
  return read_link_at(file.get(), "");
}

Result<void> fill_mount(const oci::Mount& mount, const RequestSource& source, const std::string& context,
                        Exports& exports, agent::v1::Mount& out) {
  const oci::MountOptions options = oci::parse_mount_options(mount.options);
  TRY(fill_id_maps(mount, options, source.config.linux_, context, out));
  TRY(oci::check_mount_options(options, is_bind(mount, options), mount.type, context + ".options"));
  uint64_t kept_flags = 0;
  if (is_bind(mount, options)) {
    if (mount.source.empty()) {
      return fail(EINVAL, context + ".source: a bind mount needs one");
    }
    if (options.copy_link) {
      out.set_link_target(
          TRY_CONTEXT(context + ".source", target_of_link(absolute(mount.source, source.bundle))));
      if (!out.link_target().empty()) {
        out.set_destination(mount.destination.starts_with('/') ? mount.destination : "/" + mount.destination);
        return {};
      }
    }
    const ReadOnly read_only = (options.recursive_set & MOUNT_ATTR_RDONLY) != 0 ? ReadOnly::everything
                               : (options.flags & MS_RDONLY) != 0               ? ReadOnly::this_mount
                                                                                : ReadOnly::nothing;
    const bool recursive = mount.type == "bind"
                               ? (options.flags & MS_BIND) == 0 || (options.flags & MS_REC) != 0
                               : (options.flags & MS_REC) != 0;
    out.set_export_name(TRY(exports.add_bind({.path = absolute(mount.source, source.bundle),
                                              .context = context,
                                              .read_only = read_only,
                                              .recursive = recursive,
                                              .keep_link = options.keep_source_link || options.copy_link,
                                              .is_restricted = (options.flags & kRestrictions) != 0})));
    kept_flags = exports.entries().back().flags & ~not_kept(options);
    out.set_type("bind");
    out.set_host_socket_port(exports.entries().back().socket_port);
    for (const MountBeneath& beneath : exports.entries().back().beneath) add_beneath(beneath, out);
    if (options.idmap_beneath && recursive) {
      TRY(fill_mapped_beneath(exports.entries().back(), context, out));
    }
  } else if (mount.type == "overlay") {
    // Its layers are the host's, and so is the mount; the guest has it as it has a bind mount's source.
    out.set_export_name(
        TRY(exports.add_overlay(mount.options, context + ".options", (options.flags & MS_RDONLY) != 0)));
    out.set_type("bind");
  } else {
    if (std::find(std::begin(kGuestFileSystems), std::end(kGuestFileSystems), mount.type) ==
        std::end(kGuestFileSystems)) {
      return fail(EINVAL,
                  context + ".type: \"" + mount.type +
                      "\" is neither bind nor a file system of the guest; mount it on the host and bind it");
    }
    out.set_type(mount.type);
    out.set_source(mount.source);
  }
  out.set_destination(mount.destination.starts_with('/') ? mount.destination : "/" + mount.destination);
  out.set_flags((options.flags | kept_flags) & ~static_cast<uint64_t>(MS_BIND | MS_REC));
  out.set_flags_cleared(options.flags_cleared);
  for (const uint64_t propagation : options.propagation) out.add_propagation(propagation);
  out.set_recursive_set(options.recursive_set);
  out.set_recursive_clear(options.recursive_clear);
  if (out.export_name().empty()) {
    out.set_data(options.data);
  }
  out.set_tmpcopyup(options.tmpcopyup);
  out.set_keep_destination_link(options.keep_destination_link);
  return {};
}

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
  return absolute(config.root.path, bundle);
}

Result<void> plan_container(const RequestSource& source, Exports& exports,
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
    TRY(fill_mount(config.mounts[i], source, "mounts[" + std::to_string(i) + "]", exports,
                   *out.add_mounts()));
  }
  out.set_hostname(config.hostname);
  out.set_domainname(config.domainname);
  fill_hooks(config.hooks.start_container, *out.mutable_start_container_hooks());
  return fill_linux(config.linux_, out);
}

}  // namespace caisson::runtime
