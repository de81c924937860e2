// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/exports.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>

#include "runtime/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxMountinfoBytes =
    16UL << 20;  // LIMIT: the kernel's 100,000 mounts of a namespace, and their options

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

// mountinfo writes space, tab, newline and backslash as three octal digits behind a backslash.
std::string unescaped(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    unsigned byte = 0;
    const bool escaped = text.size() >= 4 && text[0] == '\\' &&
                         std::from_chars(text.data() + 1, text.data() + 4, byte, 8).ptr == text.data() + 4;
    plain += escaped ? static_cast<char>(byte) : text[0];
    text.remove_prefix(escaped ? 4 : 1);
  }
  return plain;
}

}  // namespace

Result<std::vector<std::string>> mounts_beneath(const std::string& path) {
  std::error_code error;
  std::string prefix = std::filesystem::canonical(path, error).string();
  if (error) {
    return fail_errno("open " + path, error.value());
  }
  if (!prefix.ends_with('/')) {
    prefix += '/';
  }
  std::vector<std::string> found;
  std::istringstream lines(TRY(read_file("/proc/self/mountinfo", kMaxMountinfoBytes)));
  for (std::string line; std::getline(lines, line) && found.size() < kMaxMountsBeneath;) {
    // proc(5): the fifth field is the mount point.
    std::istringstream fields(line);
    std::string point;
    for (int field = 0; field < 5; ++field) fields >> point;
    const std::string plain = unescaped(point);
    if (plain.size() > prefix.size() && plain.starts_with(prefix)) {
      found.push_back(plain.substr(prefix.size()));
    }
  }
  return found;
}

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

Result<std::string> Exports::add_bind(const std::string& path, const std::string& context, ReadOnly read_only,
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
  // Beyond the first they are as read-only as what they are on.
  std::vector<std::string> beneath;
  if (recursive && read_only == ReadOnly::this_mount) {
    beneath = TRY(mounts_beneath(path));
  }
  entries_.push_back({.name = "mount" + std::to_string(entries_.size()),
                      .fd = std::move(fd),
                      .read_only = read_only != ReadOnly::nothing,
                      .writable_beneath = std::move(beneath),
                      .recursive = recursive,
                      .exclusive = false});
  return entries_.back().name;
}

}  // namespace caisson::runtime
