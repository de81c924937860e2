// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/credentials.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

// The calling thread's capabilities; libcap-ng reads /proc for what is one system call here, on a hot path.
struct Capabilities {
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};

  static bool get(Capabilities& out) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    return ::syscall(SYS_capget, &header, out.data.data()) == 0;
  }
  [[nodiscard]] bool set() const {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    return ::syscall(SYS_capset, &header, data.data()) == 0;
  }
};

}  // namespace

Result<void> prepare_thread(const OwnDescriptors& own) {
  if (::unshare(CLONE_FS) != 0) {
    return fail_errno("give the file server's thread a working directory of its own");
  }
  if (::fchdir(own.directory()) != 0) {
    return fail_errno("enter /proc/self/fd");
  }
  ::umask(0);
  return {};
}

Result<ActAs> ActAs::become(uint32_t uid, uint32_t gid) {
  ActAs act;
  act.uid_ = ::geteuid();
  act.gid_ = ::getegid();
  if (uid == act.uid_ && gid == act.gid_) {
    return act;
  }
  // LIMIT: -1 is no identity, but the way to ask for the present one.
  if (uid == UINT32_MAX || gid == UINT32_MAX) {
    return refuse(EINVAL);
  }
  Capabilities capabilities;
  if (!Capabilities::get(capabilities)) {
    return refuse_errno();
  }
  act.is_changed_ = true;  // from here on the destructor restores
  ::setfsgid(gid);
  ::setfsuid(uid);
  // Neither call reports failure; both return what is in force.
  if (std::cmp_not_equal(::setfsuid(UINT32_MAX), uid) || std::cmp_not_equal(::setfsgid(UINT32_MAX), gid)) {
    return refuse(EPERM);
  }
  // Leaving root's fsuid cleared the file capabilities, without which a directory the caller may use by a
  // supplementary group would be closed to us.
  if (!capabilities.set()) {
    return refuse_errno();
  }
  return act;
}

ActAs::ActAs(ActAs&& other) noexcept
    : is_changed_(std::exchange(other.is_changed_, false)), uid_(other.uid_), gid_(other.gid_) {}

ActAs::~ActAs() {
  if (is_changed_) {
    ::setfsuid(uid_);
    ::setfsgid(gid_);
  }
}

WithoutFsetid::WithoutFsetid(bool wanted) {
  Capabilities capabilities;
  constexpr uint32_t kBit = 1U << CAP_FSETID;
  if (wanted && Capabilities::get(capabilities) && (capabilities.data[0].effective & kBit) != 0) {
    capabilities.data[0].effective &= ~kBit;
    is_dropped_ = capabilities.set();
  }
}

WithoutFsetid::~WithoutFsetid() {
  if (is_dropped_) {
    Capabilities capabilities;
    if (Capabilities::get(capabilities)) {
      capabilities.data[0].effective |= 1U << CAP_FSETID;
      (void)capabilities.set();
    }
  }
}

}  // namespace caisson::vmm::fs
