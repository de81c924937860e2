// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/exports.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "protocol/agent/stream_hello.h"
#include "runtime/bundle/overlay.h"

namespace caisson::runtime {
namespace {

// File systems that are a view of the host's kernel: the guest has its own, and must not see these.
std::optional<std::string_view> kernel_view(int fd) {
  struct statfs info {};
  if (::fstatfs(fd, &info) < 0) {
    return std::nullopt;
  }
  switch (static_cast<unsigned long>(info.f_type)) {
    case PROC_SUPER_MAGIC:
      return "proc";
    case SYSFS_MAGIC:
      return "sysfs";
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
      return "cgroup";
    case DEVPTS_SUPER_MAGIC:
      return "devpts";
    case DEBUGFS_MAGIC:
      return "debugfs";
    case TRACEFS_MAGIC:
      return "tracefs";
    default:
      return std::nullopt;
  }
}

// Of the kinds of files, what the guest can have of the host's. `what` names the place.
Result<struct stat> check_kind(int fd, const std::string& what) {
  struct stat info {};
  if (::fstat(fd, &info) < 0) {
    return fail_errno(what + ": look at it");
  }
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    return fail(EINVAL,
                what +
                    " is a device of the host, which the guest cannot use; list it in linux.devices to "
                    "get the guest's own");
  }
  if (S_ISFIFO(info.st_mode)) {
    return fail(EINVAL, what +
                            " is a FIFO, whose two ends would be in two kernels; hand the container one as a "
                            "descriptor (--preserve-fds), or use a Unix socket");
  }
  if (S_ISLNK(info.st_mode)) {
    return fail(ELOOP, what +
                           " is a symbolic link, and the mount's options say not to follow it; name what it "
                           "leads to");
  }
  if (const auto view = kernel_view(fd)) {
    return fail(EINVAL, what + " shows the host's kernel; mount type \"" + std::string(*view) +
                            "\" to get the guest's own");
  }
  return info;
}

}  // namespace

Result<std::string> Exports::add_directory(const std::string& path, std::string name, bool read_only,
                                           bool exclusive, bool recursive) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open root file system " + path);
  }
  entries_.push_back({.name = std::move(name),
                      .fd = std::move(fd),
                      .read_only = read_only,
                      .recursive = recursive,
                      .exclusive = exclusive});
  return entries_.back().name;
}

Result<std::string> Exports::add_bind(const BindSource& source) {
  const std::string where = source.context + ".source: ";
  UniqueFd fd(::open(source.path.c_str(), O_PATH | O_CLOEXEC | (source.keep_link ? O_NOFOLLOW : 0)));
  if (!fd) {
    return fail_errno(where + "open " + source.path);
  }
  const struct stat info = TRY(check_kind(fd.get(), where + source.path));
  const uint64_t flags = TRY_CONTEXT(where + source.path, mount_flags(fd.get()));
  // Beyond the first kMaxMountsBeneath they are as restricted as what they are on.
  std::vector<MountBeneath> beneath =
      source.recursive ? TRY(mounts_beneath(fd.get())) : std::vector<MountBeneath>();
  const bool is_writable_beneath = source.read_only == ReadOnly::this_mount && !beneath.empty();
  const bool is_uniform = std::all_of(beneath.begin(), beneath.end(),
                                      [flags](const MountBeneath& mount) { return mount.flags == flags; });
  if (is_uniform && !source.is_restricted && !is_writable_beneath) {
    beneath.clear();
  }
  entries_.push_back({.name = "mount" + std::to_string(entries_.size()),
                      .fd = std::move(fd),
                      .read_only = source.read_only != ReadOnly::nothing,
                      .beneath = std::move(beneath),
                      .writable_beneath = is_writable_beneath,
                      .recursive = source.recursive,
                      .exclusive = false,
                      .flags = flags,
                      .socket_port = S_ISSOCK(info.st_mode)
                                         ? agent::kFirstSocketPort + static_cast<uint32_t>(entries_.size())
                                         : 0});
  return entries_.back().name;
}

Result<std::string> Exports::add_overlay(const std::vector<std::string>& options, const std::string& context,
                                         bool read_only) {
  UniqueFd fd = TRY(make_overlay(options, context));
  entries_.push_back({.name = "mount" + std::to_string(entries_.size()),
                      .fd = std::move(fd),
                      .read_only = read_only,
                      .recursive = false,
                      .exclusive = false,
                      .flags = 0,
                      .detached = true});
  return entries_.back().name;
}

}  // namespace caisson::runtime
