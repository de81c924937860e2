// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/guest_mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/link_in_root.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/bundle/exports.h"
#include "runtime/bundle/id_mappings.h"
#include "runtime/oci/mount_options.h"

namespace caisson::runtime {
namespace {

// File systems the guest's kernel makes out of nothing; a source on the host means nothing to them.
constexpr std::string_view kGuestFileSystems[] = {
    "proc",    "sysfs",     "tmpfs",      "devpts",      "mqueue",   "cgroup",
    "cgroup2", "ramfs",     "bpf",        "debugfs",     "tracefs",  "configfs",
    "fusectl", "hugetlbfs", "securityfs", "binfmt_misc", "devtmpfs", "pstore",
};

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

struct MountSource {
  const oci::Mount& mount;
  const oci::MountOptions& options;
  const std::string& bundle;
  const std::string& context;
};

ReadOnly read_only_of(const oci::MountOptions& options) {
  return (options.recursive_set & MOUNT_ATTR_RDONLY) != 0 ? ReadOnly::everything
         : (options.flags & MS_RDONLY) != 0               ? ReadOnly::this_mount
                                                          : ReadOnly::nothing;
}

bool is_recursive(const oci::Mount& mount, const oci::MountOptions& options) {
  return (options.flags & MS_REC) != 0 || (mount.type == "bind" && (options.flags & MS_BIND) == 0);
}

// Adds to the flags those that the copy keeps of its source.
Result<void> fill_bind(const MountSource& from, Exports& exports, agent::v1::Mount& out) {
  const auto& [mount, options, bundle, context] = from;
  const bool recursive = is_recursive(mount, options);
  out.set_export_name(TRY(exports.add_bind({.path = absolute_path(mount.source, bundle),
                                            .context = context,
                                            .read_only = read_only_of(options),
                                            .recursive = recursive,
                                            .keep_link = options.keep_source_link || options.copy_link,
                                            .is_restricted = (options.flags & kRestrictions) != 0})));
  const HostExport& entry = exports.entries().back();
  out.set_type("bind");
  out.set_flags(out.flags() | (entry.flags & ~not_kept(options)));
  out.set_host_socket_port(entry.socket_port);
  for (const MountBeneath& beneath : entry.beneath) add_beneath(beneath, out);
  return options.idmap_beneath && recursive ? fill_mapped_beneath(entry, context, out) : Result<void>{};
}

// Its layers are the host's, and so is the mount; the guest has it as it has a bind mount's source.
Result<void> fill_overlay(const MountSource& from, Exports& exports, agent::v1::Mount& out) {
  const bool read_only = (from.options.flags & MS_RDONLY) != 0;
  out.set_export_name(TRY(exports.add_overlay(from.mount.options, from.context + ".options", read_only)));
  out.set_type("bind");
  return {};
}

Result<void> fill_guest_file_system(const MountSource& from, agent::v1::Mount& out) {
  const std::string& type = from.mount.type;
  if (std::find(std::begin(kGuestFileSystems), std::end(kGuestFileSystems), type) ==
      std::end(kGuestFileSystems)) {
    return fail(EINVAL,
                from.context + ".type: \"" + type +
                    "\" is neither bind nor a file system of the guest; mount it on the host and bind it");
  }
  out.set_type(type);
  out.set_source(from.mount.source);
  out.set_data(from.options.data);
  return {};
}

}  // namespace

std::string absolute_path(const std::string& path, const std::string& base) {
  return path.starts_with('/') ? path : base + "/" + path;
}

Result<void> fill_mount(const oci::Mount& mount, const MountContext& source, const std::string& context,
                        Exports& exports, agent::v1::Mount& out) {
  const oci::MountOptions options = oci::parse_mount_options(mount.options);
  const bool bind = is_bind(mount, options);
  TRY(fill_id_maps(mount, options, source.linux_, context, out));
  TRY(oci::check_mount_options(options, bind, mount.type, context + ".options"));
  if (bind && mount.source.empty()) {
    return fail(EINVAL, context + ".source: a bind mount needs one");
  }
  out.set_destination(mount.destination.starts_with('/') ? mount.destination : "/" + mount.destination);
  if (bind && options.copy_link) {
    const std::string path = absolute_path(mount.source, source.bundle);
    out.set_link_target(TRY_CONTEXT(context + ".source", target_of_link(path)));
    if (!out.link_target().empty()) {
      return {};
    }
  }
  out.set_flags(options.flags & ~static_cast<uint64_t>(MS_BIND | MS_REC));
  out.set_flags_cleared(options.flags_cleared);
  for (const uint64_t propagation : options.propagation) out.add_propagation(propagation);
  out.set_recursive_set(options.recursive_set);
  out.set_recursive_clear(options.recursive_clear);
  out.set_tmpcopyup(options.tmpcopyup);
  out.set_keep_destination_link(options.keep_destination_link);
  const MountSource from{.mount = mount, .options = options, .bundle = source.bundle, .context = context};
  return bind                      ? fill_bind(from, exports, out)
         : mount.type == "overlay" ? fill_overlay(from, exports, out)
                                   : fill_guest_file_system(from, out);
}

}  // namespace caisson::runtime
