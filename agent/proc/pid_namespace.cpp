// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/pid_namespace.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>

namespace caisson::agent {
namespace {

// [include/uapi/linux/nsfs.h], Linux 6.11; newer than the headers of the hosts we build on.
constexpr unsigned long NS_GET_TGID_FROM_PIDNS = _IOR(0xb7, 0x7, int);
constexpr unsigned long NS_GET_TGID_IN_PIDNS = _IOR(0xb7, 0x9, int);

}  // namespace

Result<PidNamespace> PidNamespace::of(pid_t member) {
  UniqueFd fd(::open(("/proc/" + std::to_string(member) + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open process namespace", errno == ENOENT ? ESRCH : errno);
  }
  return PidNamespace(std::move(fd));
}

pid_t PidNamespace::inside(pid_t outside) const {
  return std::max(::ioctl(fd_.get(), NS_GET_TGID_IN_PIDNS, outside), 0);
}

pid_t PidNamespace::outside(pid_t inside) const {
  return std::max(::ioctl(fd_.get(), NS_GET_TGID_FROM_PIDNS, inside), 0);
}

}  // namespace caisson::agent
