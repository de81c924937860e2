// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace caisson::vmm {

Result<ProcMount> make_proc_mount() {
  ProcMount made;
  made.device.reset(::open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!made.device) {
    return fail_errno("open /dev/fuse");
  }
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "fuse", FSOPEN_CLOEXEC)));
  if (!context) {
    return fail_errno("make FUSE file system");
  }
  // [fuse] Without "allow_other" only root is let in: not even a lookup of anyone else's reaches us.
  const std::string device = std::to_string(made.device.get());
  const std::array<std::pair<const char*, const char*>, 4> parameters = {{
      {"fd", device.c_str()},
      {"rootmode", "40555"},  // octal: a directory
      {"user_id", "0"},
      {"group_id", "0"},
  }};
  for (const auto& [key, value] : parameters) {
    if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, key, value, 0) < 0) {
      return fail_errno(std::string("make FUSE file system: ") + key);
    }
  }
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return fail_errno("make FUSE file system");
  }
  constexpr unsigned kAttributes =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
  made.tree.reset(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, kAttributes)));
  if (!made.tree) {
    return fail_errno("mount FUSE file system");
  }
  return made;
}

}  // namespace caisson::vmm
