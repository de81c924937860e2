// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/mount_fd.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <array>

namespace caisson::agent {
namespace {

struct Translation {
  uint64_t flag;
  uint64_t attribute;
};
constexpr std::array kAttributes = {
    Translation{MS_RDONLY, MOUNT_ATTR_RDONLY},         Translation{MS_NOSUID, MOUNT_ATTR_NOSUID},
    Translation{MS_NODEV, MOUNT_ATTR_NODEV},           Translation{MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    Translation{MS_NOATIME, MOUNT_ATTR_NOATIME},       Translation{MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    Translation{MS_NODIRATIME, MOUNT_ATTR_NODIRATIME}, Translation{MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
};

struct SuperFlag {
  uint64_t flag;
  const char* name;
};
constexpr std::array kSuperFlags = {
    SuperFlag{MS_RDONLY, "ro"},
    SuperFlag{MS_SYNCHRONOUS, "sync"},
    SuperFlag{MS_DIRSYNC, "dirsync"},
    SuperFlag{MS_LAZYTIME, "lazytime"},
};

// The kernel says more about a refused option than an errno can.
std::string context_message(int context) {
  std::array<char, 512> text{};
  const ssize_t n = ::read(context, text.data(), text.size());
  if (n <= 2) {
    return {};
  }
  // "e <message>\n"
  std::string message(text.data() + 2, static_cast<size_t>(n) - 2);
  while (!message.empty() && message.back() == '\n') {
    message.pop_back();
  }
  return " (" + message + ")";
}

Result<void> set_option(int context, const std::string& option) {
  const size_t equals = option.find('=');
  const std::string key = option.substr(0, equals);
  const int outcome =
      equals == std::string::npos
          ? ::fsconfig(context, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
          : ::fsconfig(context, FSCONFIG_SET_STRING, key.c_str(), option.c_str() + equals + 1, 0);
  if (outcome < 0) {
    const int code = errno;
    return fail_errno("set option " + option + context_message(context), code);
  }
  return {};
}

Result<void> set_options(int context, const std::string& data) {
  size_t start = 0;
  while (start < data.size()) {
    const size_t comma = std::min(data.find(',', start), data.size());
    if (comma > start) {
      TRY(set_option(context, data.substr(start, comma - start)));
    }
    start = comma + 1;
  }
  return {};
}

}  // namespace

uint64_t mount_attributes_of(uint64_t flags) {
  uint64_t attributes = 0;
  for (const Translation& translation : kAttributes) {
    if ((flags & translation.flag) != 0) {
      attributes |= translation.attribute;
    }
  }
  return attributes;
}

uint64_t cleared_by(uint64_t set) {
  return (set & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME)) != 0 ? uint64_t{MOUNT_ATTR__ATIME} : 0;
}

Result<UniqueFd> new_filesystem(const NewFilesystem& wanted) {
  const UniqueFd context(::fsopen(wanted.type.c_str(), FSOPEN_CLOEXEC));
  if (!context) {
    return fail_errno("open file system " + wanted.type);
  }
  if (!wanted.source.empty()) {
    TRY(set_option(context.get(), "source=" + wanted.source));
  }
  for (const SuperFlag& super : kSuperFlags) {
    if ((wanted.flags & super.flag) != 0) {
      TRY(set_option(context.get(), super.name));
    }
  }
  TRY(set_options(context.get(), wanted.data));
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    const int code = errno;
    return fail_errno("make file system " + wanted.type + context_message(context.get()), code);
  }
  UniqueFd mount(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(mount_attributes_of(wanted.flags))));
  if (!mount) {
    return fail_errno("mount file system " + wanted.type);
  }
  return mount;
}

Result<UniqueFd> clone_mount(int directory, const std::string& path, bool recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  if (path.empty()) {
    flags |= AT_EMPTY_PATH;
  }
  if (recursive) {
    flags |= AT_RECURSIVE;
  }
  UniqueFd mount(::open_tree(directory, path.c_str(), flags));
  if (!mount) {
    return fail_errno("clone mount " + path);
  }
  return mount;
}

Result<void> change_mount(int mount, const MountAttributes& attributes) {
  mount_attr wanted{};
  wanted.attr_set = attributes.set;
  wanted.attr_clr = attributes.clear;
  wanted.propagation = attributes.propagation;
  wanted.userns_fd = attributes.user_namespace >= 0 ? static_cast<unsigned>(attributes.user_namespace) : 0U;
  const unsigned flags = AT_EMPTY_PATH | (attributes.recursive ? unsigned{AT_RECURSIVE} : 0U);
  if (::mount_setattr(mount, "", flags, &wanted, sizeof(wanted)) < 0) {
    return fail_errno("change mount attributes");
  }
  return {};
}

Result<void> attach_mount(const UniqueFd& mount, int target) {
  if (::move_mount(mount.get(), "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
    return fail_errno("attach mount");
  }
  return {};
}

}  // namespace caisson::agent
