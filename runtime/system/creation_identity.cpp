// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/creation_identity.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace caisson::runtime {
namespace {

class Capabilities {
 public:
  bool read() { return ::syscall(SYS_capget, &header_, sets_.data()) == 0; }
  bool restore() { return ::syscall(SYS_capset, &header_, sets_.data()) == 0; }

 private:
  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets_{};
};

// These calls report no failure, only what was before; asking for an id that is none tells.
bool take_ids(uid_t uid, gid_t gid) {
  ::setfsgid(gid);
  ::setfsuid(uid);
  return static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) == gid &&
         static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) == uid;
}

}  // namespace

Result<CreationIdentity> CreationIdentity::assume(uid_t uid, gid_t gid) {
  Capabilities capabilities;
  if (!capabilities.read()) {
    return fail_errno("read own capabilities");
  }
  CreationIdentity identity(Former{.uid = static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))),
                                   .gid = static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))),
                                   .mask = ::umask(0)});
  if (!take_ids(uid, gid)) {
    return fail_errno("make files as user " + std::to_string(uid) + ", group " + std::to_string(gid), EPERM);
  }
  // capabilities(7): leaving user 0 took those that concern files out of the effective set.
  if (!capabilities.restore()) {
    return fail_errno("keep own capabilities");
  }
  return identity;
}

CreationIdentity::CreationIdentity(CreationIdentity&& other) noexcept
    : former_(std::exchange(other.former_, std::nullopt)) {}

CreationIdentity::~CreationIdentity() {
  if (former_) {
    ::setfsuid(former_->uid);
    ::setfsgid(former_->gid);
    ::umask(former_->mask);
  }
}

}  // namespace caisson::runtime
