// SPDX-License-Identifier: Apache-2.0
// config.json "mounts", one after the other. Everything is resolved inside the root
// (common/resolve_in_root.h).
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>

#include "agent/cgroup/cgroup.h"
#include "agent/child/child.h"
#include "agent/mounts/adjust.h"
#include "agent/mounts/bind.h"
#include "agent/mounts/copy_up.h"
#include "agent/mounts/mount_fd.h"
#include "agent/mounts/tmpfs_size.h"
#include "common/link_in_root.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// As runc: files of /proc that a container manager may replace, and nothing else below /proc.
constexpr std::array kReplaceableInProc = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/net/dev",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

Result<void> refuse_inside_proc(const v1::Mount& mount, int target) {
  struct statfs info {};
  if (::fstatfs(target, &info) < 0) {
    return fail_errno("look at target");
  }
  const bool allowed = info.f_type != PROC_SUPER_MAGIC || mount.type() == "proc" ||
                       std::find(kReplaceableInProc.begin(), kReplaceableInProc.end(), mount.destination()) !=
                           kReplaceableInProc.end();
  return allowed ? Result<void>{} : fail(EPERM, "cannot be mounted because it is inside /proc");
}

// What would lie on the root is not seen from inside: a mount that is asked for and has no effect.
Result<void> refuse_at_root(const Child& child, int target) {
  struct statx root {};
  struct statx place {};
  if (::statx(child.root.get(), "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &root) < 0 ||
      ::statx(target, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &place) < 0) {
    return fail_errno("look at target");
  }
  const bool same = root.stx_mnt_id == place.stx_mnt_id && root.stx_ino == place.stx_ino;
  return same ? fail(EBUSY, "it is the root itself; set root.path to what shall be there") : Result<void>{};
}

// A symlink at /proc or /sys would put them where masks and labels do not expect them (CVE-2019-16884). In
// runc's words.
Result<void> refuse_symlink(const v1::Mount& mount, int target) {
  struct stat info {};
  if (::fstat(target, &info) < 0) {
    return fail_errno("look at target");
  }
  return S_ISDIR(info.st_mode)
             ? Result<void>{}
             : fail(ENOTDIR, "filesystem \"" + mount.type() + "\" must be mounted on ordinary directory");
}

// A user namespace may not mount a sysfs of a network namespace it does not own: it gets the guest's,
// read-only.
Result<UniqueFd> new_sysfs(NewFilesystem wanted) {
  // A sysfs has one superblock for each network namespace: read-only is the mount, not what others have of
  // it.
  const uint64_t attributes = mount_attributes_of(wanted.flags);
  wanted.flags &= ~uint64_t{MS_RDONLY};
  auto mount = new_filesystem(wanted);
  if (mount) {
    TRY(change_mount(mount->get(), {.set = attributes}));
    return mount;
  }
  if (mount.error().code != EPERM) {
    return mount;
  }
  UniqueFd clone = TRY(clone_mount(AT_FDCWD, "/sys", true));
  TRY(change_mount(clone.get(), {.set = MOUNT_ATTR_RDONLY, .recursive = true}));
  return clone;
}

// A tmpfs takes the mode of the directory it hides, unless it is given one; one that hides nothing is for
// everybody, as /tmp is.
std::string tmpfs_data(const Child& child, const v1::Mount& mount, const ResolvedPlace& place) {
  std::string data = with_tmpfs_size(mount.data(), *child.plan.container);
  struct stat info {};
  if (!place.made && !mount.place_is_new() && ("," + data).find(",mode=") == std::string::npos &&
      ::fstat(place.fd.get(), &info) == 0) {
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "mode=%o", info.st_mode & 07777U);
    data += (data.empty() ? "" : ",") + std::string(mode.data());
  }
  return data;
}

bool sees_all_cgroups(const Child& child) {
  const auto& namespaces = child.plan.container->namespaces();
  return std::none_of(namespaces.begin(), namespaces.end(),
                      [](const v1::Namespace& entry) { return entry.kind() == CLONE_NEWCGROUP; });
}

Result<std::string> own_cgroup(const Child& child) {
  const UniqueFd file(::openat(child.proc.get(), "self/cgroup", O_RDONLY | O_CLOEXEC));
  std::array<char, PATH_MAX> text{};
  const ssize_t n = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (n < 0) {
    return fail_errno("read own cgroup");
  }
  return parse_cgroup_path({text.data(), static_cast<size_t>(n)});
}

// Without a cgroup namespace a new mount would begin at the guest's root, above the container: as runc does,
// it gets its own part of the hierarchy all the same.
Result<UniqueFd> own_part_of_cgroups(const Child& child, uint64_t flags) {
  UniqueFd clone = TRY(clone_mount(AT_FDCWD, "/sys/fs/cgroup" + TRY(own_cgroup(child)), false));
  const uint64_t set = mount_attributes_of(flags);
  TRY(change_mount(clone.get(), {.set = set, .clear = cleared_by(set)}));
  return clone;
}

Result<UniqueFd> new_mount(const Child& child, const v1::Mount& mount, const ResolvedPlace& place) {
  NewFilesystem wanted{
      .type = mount.type(), .source = mount.source(), .data = mount.data(), .flags = mount.flags()};
  if (mount.type() == "cgroup" || mount.type() == "cgroup2") {
    // The guest has version 2 only; options of version 1 mean nothing to it.
    wanted.type = "cgroup2";
    wanted.data.clear();
    if (sees_all_cgroups(child)) {
      return own_part_of_cgroups(child, mount.flags());
    }
  }
  if (mount.type() == "sysfs") {
    return new_sysfs(wanted);
  }
  if (mount.type() != "tmpfs") {
    return new_filesystem(wanted);
  }
  wanted.data = tmpfs_data(child, mount, place);
  if (mount.destination() == "/dev" || mount.tmpcopyup()) {
    wanted.flags &= ~uint64_t{MS_RDONLY};  // something is to be written first
  }
  UniqueFd made = TRY(new_filesystem(wanted));
  if (mount.tmpcopyup()) {
    TRY_CONTEXT("copy up", copy_tree(place.fd.get(), made.get()));
    TRY(change_mount(made.get(), {.set = mount_attributes_of(mount.flags())}));
  }
  return made;
}

// The guest's kernel would look for the listener of the host's socket among its own.
Result<UniqueFd> socket_relay(const Child& child, const v1::Mount& mount, int number) {
  UniqueFd source =
      TRY(clone_mount(AT_FDCWD, child.plan.sockets_directory + "/" + std::to_string(number), false));
  TRY(adjust_mount(mount, source.get()));
  return source;
}

// `source`: what the agent has made ready to lie there, if it has.
Result<void> mount_entry(const Child& child, const v1::Mount& mount, int number, UniqueFd source) {
  if (!mount.link_target().empty()) {
    return make_link_in_root(child.root.get(), mount.destination(), mount.link_target());
  }
  Missing missing = Missing::make_directory;
  if (is_bind(mount)) {
    if (!source) {
      source = TRY(mount.host_socket_port() != 0 ? socket_relay(child, mount, number)
                                                 : make_bind(child.exports.get(), mount));
    }
    struct stat info {};
    if (::fstat(source.get(), &info) < 0) {
      return fail_errno("look at source");
    }
    missing = S_ISDIR(info.st_mode) ? Missing::make_directory : Missing::make_file;
  }
  const bool plain = mount.type() == "proc" || mount.type() == "sysfs";
  const bool keeps_link = plain || mount.keep_destination_link();
  const ResolvedPlace place = TRY(resolve_place_in_root(child.root.get(), mount.destination(), missing,
                                                        keeps_link ? LastLink::keep : LastLink::follow));
  const int target = place.fd.get();
  if (plain) {
    TRY(refuse_symlink(mount, target));
  }
  TRY(refuse_at_root(child, target));
  TRY(refuse_inside_proc(mount, target));
  if (!source) {
    source = TRY(new_mount(child, mount, place));
    TRY(adjust_mount(mount, source.get()));
  }
  TRY(attach_mount(source, target));
  return restrict_beneath(mount, source.get());
}

Result<void> mount_notify_directory(const Child& child) {
  const UniqueFd target = TRY(resolve_in_root(child.root.get(), child.plan.container->notify_directory(),
                                              Missing::make_directory, LastLink::follow));
  TRY(refuse_at_root(child, target.get()));
  const UniqueFd source = TRY(clone_mount(AT_FDCWD, child.plan.notify_directory, false));
  TRY(change_mount(source.get(),
                   {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC}));
  return attach_mount(source, target.get());
}

}  // namespace

Result<void> mount_everything(Child& child) {
  const auto& mounts = child.plan.container->mounts();
  for (int i = 0; i < mounts.size(); ++i) {
    TRY_CONTEXT("mount " + mounts[i].destination(),
                mount_entry(child, mounts[i], i, std::move(child.binds.at(static_cast<size_t>(i)))));
  }
  if (!child.plan.notify_directory.empty()) {
    TRY_CONTEXT("mount the directory of NOTIFY_SOCKET at " + child.plan.container->notify_directory(),
                mount_notify_directory(child));
  }
  return {};
}

}  // namespace caisson::agent
