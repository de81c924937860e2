// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/mounts_beneath.h"

#include <linux/mount.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxMountinfoBytes =
    16UL << 20;  // LIMIT: the kernel's 100,000 mounts of a namespace, and their options

// statfs(2); not in Debian 12's C library.
constexpr unsigned long kStNosymfollow = 0x2000;

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

struct FlagOfMount {
  unsigned long reported;  // ST_*
  uint64_t flag;           // MS_*
  std::string_view name;   // in mountinfo
};

constexpr FlagOfMount kFlagsOfMount[] = {
    {ST_RDONLY, MS_RDONLY, "ro"},
    {ST_NOSUID, MS_NOSUID, "nosuid"},
    {ST_NODEV, MS_NODEV, "nodev"},
    {ST_NOEXEC, MS_NOEXEC, "noexec"},
    {ST_NOATIME, MS_NOATIME, "noatime"},
    {ST_NODIRATIME, MS_NODIRATIME, "nodiratime"},
    {kStNosymfollow, MS_NOSYMFOLLOW, "nosymfollow"},
};

}  // namespace

Result<uint64_t> mount_flags(int fd) {
  struct statvfs info {};
  if (::fstatvfs(fd, &info) < 0) {
    return fail_errno("look at its mount");
  }
  uint64_t flags = 0;
  for (const FlagOfMount& known : kFlagsOfMount) {
    flags |= (info.f_flag & known.reported) != 0 ? known.flag : 0;
  }
  return flags;
}

uint64_t mount_flags(std::string_view options) {
  uint64_t flags = 0;
  while (!options.empty()) {
    const std::string_view word = options.substr(0, options.find(','));
    options.remove_prefix(std::min(options.size(), word.size() + 1));
    for (const FlagOfMount& known : kFlagsOfMount) flags |= known.name == word ? known.flag : 0;
  }
  return flags;
}

std::vector<MountBeneath> mounts_beneath(std::string_view path, const std::string& mountinfo) {
  const std::string prefix = std::string(path) + (path.ends_with('/') ? "" : "/");
  std::vector<MountBeneath> found;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line) && found.size() < kMaxMountsBeneath;) {
    // proc(5): the fifth field is the mount point, the sixth what the mount is like.
    std::istringstream fields(line);
    std::string point;
    std::string options;
    for (int field = 0; field < 5; ++field) fields >> point;
    fields >> options;
    const std::string plain = unescaped(point);
    if (plain.size() > prefix.size() && plain.starts_with(prefix)) {
      found.push_back({.path = plain.substr(prefix.size()), .flags = mount_flags(options)});
    }
  }
  return found;
}

Result<std::vector<MountBeneath>> mounts_beneath(int directory) {
  std::error_code error;
  // Where the kernel says that it is; the name it was opened by may lead elsewhere by now.
  const std::string place =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(directory), error).string();
  if (error) {
    return fail_errno("find the place of a bind mount's source", error.value());
  }
  return mounts_beneath(place, TRY(read_file("/proc/self/mountinfo", kMaxMountinfoBytes)));
}

}  // namespace caisson::runtime
