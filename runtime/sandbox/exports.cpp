// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/exports.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <optional>
#include <string_view>

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

Result<std::string> Exports::add_bind(const std::string& path, const std::string& context, bool read_only,
                                      bool recursive) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) {
    return fail_errno(context + ".source: open " + path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) < 0) {
    return fail_errno(context + ".source: look at " + path);
  }
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    return fail(EINVAL,
                context + ".source: " + path +
                    " is a device of the host, which the guest cannot use; list it in linux.devices to get "
                    "the guest's own");
  }
  if (const auto view = kernel_view(fd.get())) {
    return fail(EINVAL, context + ".source: " + path + " shows the host's kernel; mount type \"" +
                            std::string(*view) + "\" to get the guest's own");
  }
  entries_.push_back({.name = "mount" + std::to_string(entries_.size()),
                      .fd = std::move(fd),
                      .read_only = read_only,
                      .recursive = recursive,
                      .exclusive = false});
  return entries_.back().name;
}

}  // namespace caisson::runtime
