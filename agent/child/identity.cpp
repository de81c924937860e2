// SPDX-License-Identifier: Apache-2.0
// Who the process is: ids, groups, umask, capabilities; and the last confinement before exec.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "agent/child/child.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

constexpr unsigned kMaxCapabilities = 64;
// LIMIT: BPF_MAXINSNS of the kernel.
constexpr size_t kMaxFilterInstructions = 4096;

struct CapabilitySets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

Result<CapabilitySets> capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) < 0) {
    return fail_errno("read capabilities");
  }
  return CapabilitySets{.effective = data[0].effective | uint64_t{data[1].effective} << 32,
                        .permitted = data[0].permitted | uint64_t{data[1].permitted} << 32,
                        .inheritable = data[0].inheritable | uint64_t{data[1].inheritable} << 32};
}

Result<void> set_capabilities(const CapabilitySets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (unsigned half = 0; half < 2; ++half) {
    const auto part = [half](uint64_t set) { return static_cast<uint32_t>(set >> (32 * half)); };
    data.at(half).effective = part(sets.effective);
    data.at(half).permitted = part(sets.permitted);
    data.at(half).inheritable = part(sets.inheritable);
  }
  if (::syscall(SYS_capset, &header, data.data()) < 0) {
    return fail_errno("set capabilities");
  }
  return {};
}

// Those asked for that this kernel and this process can have.
Result<CapabilitySets> final_capabilities(const v1::Process& process) {
  const CapabilitySets now = TRY(capabilities());
  const v1::Capabilities& wanted = process.capabilities();
  const uint64_t permitted = wanted.permitted() & now.permitted;
  return CapabilitySets{.effective = wanted.effective() & permitted,
                        .permitted = permitted,
                        .inheritable = wanted.inheritable() & now.permitted};
}

Result<void> take_final_capabilities(const v1::Process& process) {
  TRY(set_capabilities(TRY(final_capabilities(process))));
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned number = 0; number < kMaxCapabilities; ++number) {
    if ((process.capabilities().ambient() >> number & 1) != 0) {
      // Refused where it is not permitted and inheritable too, which is what the specification says it must
      // be.
      ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    }
  }
  return {};
}

Result<void> load_seccomp(const v1::Process& process) {
  const std::string& bytes = process.seccomp().filter();
  const size_t count = bytes.size() / sizeof(sock_filter);
  if (count == 0 || count > kMaxFilterInstructions || bytes.size() % sizeof(sock_filter) != 0) {
    return fail(EINVAL, "load seccomp filter: malformed program");
  }
  std::vector<sock_filter> program(count);
  std::memcpy(program.data(), bytes.data(), bytes.size());
  const sock_fprog filter{.len = static_cast<unsigned short>(count), .filter = program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, process.seccomp().flags(), &filter) < 0) {
    return fail_errno("load seccomp filter");
  }
  return {};
}

// [devices.txt]
constexpr unsigned kMemoryMajor = 1;
constexpr unsigned kNullMinor = 3;

// The guest's /dev/null would be a file from outside the root; the container's own is better.
void prefer_own_null(int fd) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat own {};
  if (null && ::fstat(null.get(), &own) == 0 && S_ISCHR(own.st_mode) &&
      own.st_rdev == makedev(kMemoryMajor, kNullMinor)) {
    ::dup2(null.get(), fd);
  }
}

Result<void> own_one(int fd, const v1::User& user) {
  // What is known of a file of the host's is enough: it need not be asked about.
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_UID | STATX_GID, &info) < 0) {
    return fail_errno("look at stdio");
  }
  const bool is_memory_device = S_ISCHR(info.stx_mode) && info.stx_rdev_major == kMemoryMajor;
  if (is_memory_device && info.stx_rdev_minor == kNullMinor) {
    prefer_own_null(fd);
  }
  // Devices are others' too, and a file of the host's is whose it is: both may be opened by anybody.
  if (!is_memory_device && !S_ISREG(info.stx_mode) && info.stx_uid != user.uid()) {
    // An id without a mapping cannot own it; the process then just cannot reopen it.
    [[maybe_unused]] const int ignored = ::fchown(fd, user.uid(), info.stx_gid);
  }
  return {};
}

}  // namespace

Result<void> own_stdio(Child& child) {
  for (int fd = 0; fd < 3; ++fd) {
    TRY(own_one(fd, child.plan.process->user()));
  }
  return {};
}

Result<void> drop_bounding_set(Child& child) {
  const uint64_t kept = child.plan.process->capabilities().bounding();
  for (unsigned number = 0; number < kMaxCapabilities; ++number) {
    if ((kept >> number & 1) != 0) {
      continue;
    }
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) {
      if (errno == EINVAL) {
        break;  // past the kernel's last one
      }
      return fail_errno("drop capability from the bounding set");
    }
  }
  return {};
}

Result<void> become_user(Child& child) {
  const v1::Process& process = *child.plan.process;
  const v1::User& user = process.user();
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
    return fail_errno("keep capabilities");
  }
  const std::vector<gid_t> groups(user.additional_gids().begin(), user.additional_gids().end());
  if (::setgroups(groups.size(), groups.data()) < 0) {
    return fail_errno("set groups");
  }
  if (::setresgid(user.gid(), user.gid(), user.gid()) < 0) {
    return fail_errno("set gid " + std::to_string(user.gid()));
  }
  if (::setresuid(user.uid(), user.uid(), user.uid()) < 0) {
    return fail_errno("set uid " + std::to_string(user.uid()));
  }
  ::umask(user.has_umask() ? user.umask() & 0777 : 0022);
  // What comes next (looking for the program) sees what the program will be allowed to see.
  CapabilitySets sets = TRY(capabilities());
  sets.effective = TRY(final_capabilities(process)).effective;
  return set_capabilities(sets);
}

Result<void> confine(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (!process.apparmor_profile().empty() || !process.selinux_label().empty()) {
    return fail(EOPNOTSUPP, "apply security label: the guest kernel has neither AppArmor nor SELinux");
  }
  if (!process.no_new_privileges() && process.has_seccomp()) {
    // seccomp(2): without no_new_privs CAP_SYS_ADMIN is needed, so the filter comes before the last
    // capabilities.
    CapabilitySets sets = TRY(capabilities());
    sets.effective |= uint64_t{1} << CAP_SYS_ADMIN;
    TRY(set_capabilities(sets));
    TRY(load_seccomp(process));
    return take_final_capabilities(process);
  }
  if (process.no_new_privileges() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return fail_errno("set no_new_privs");
  }
  TRY(take_final_capabilities(process));
  return process.has_seccomp() ? load_seccomp(process) : Result<void>{};
}

}  // namespace caisson::agent
