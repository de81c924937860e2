// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "vmm/qemu/system_calls.h"

namespace caisson::vmm {
namespace {

// LIMIT: what it inherits, two eventfds for each of some twenty queues, and as many again.
constexpr rlim_t kMostDescriptors = 256;
// LIMIT: of its user, who has no other process: 64 vCPUs, and helpers of QEMU's.
constexpr rlim_t kMostThreads = 256;

struct Limit {
  __rlimit_resource resource;
  rlim_t value;
};

constexpr std::array kLimits = {
    Limit{.resource = RLIMIT_NOFILE, .value = kMostDescriptors},
    Limit{.resource = RLIMIT_NPROC, .value = kMostThreads},
    Limit{.resource = RLIMIT_FSIZE, .value = 0},  // it writes no file; guest memory is mapped
    Limit{.resource = RLIMIT_CORE, .value = 0},   // a core would hold the guest
    Limit{.resource = RLIMIT_MEMLOCK, .value = 0},
    Limit{.resource = RLIMIT_MSGQUEUE, .value = 0},
    Limit{.resource = RLIMIT_RTPRIO, .value = 0},
};

// None of them, and no way to any: not by what is executed, nor by being root of something.
bool drop_capabilities() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  if (errno != EINVAL) {  // beyond the last one the kernel knows
    return false;
  }
  constexpr unsigned long kSecure =
      SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  return ::prctl(PR_SET_SECUREBITS, kSecure, 0, 0, 0) == 0 &&
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

// What the change of user leaves: the inheritable ones.
bool clear_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// An empty one; a kernel may have none at all.
bool join_new_keyring() {
  return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0 || errno == ENOSYS;
}

}  // namespace

constinit const uint64_t Confinement::kNamespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

Result<Confinement> Confinement::prepare(const Spec& spec) {
  const UniqueFd program(::open(spec.program.c_str(), O_RDONLY | O_CLOEXEC));
  if (!program) {
    return fail_errno("open " + spec.program);
  }
  Confinement confinement(TRY(FileTree::prepare(program.get(), spec.program, spec.device)));
  // Beyond the limit that QEMU gets: once closed by its execution, this number, and with it the one call of
  // execveat that the filter allows, cannot come back.
  confinement.program_.reset(::fcntl(program.get(), F_DUPFD_CLOEXEC, static_cast<int>(kMostDescriptors)));
  if (!confinement.program_) {
    return fail_errno("duplicate descriptor beyond " + std::to_string(kMostDescriptors) +
                      " (a larger limit of open files is needed)");
  }
  confinement.calls_ =
      TRY(qemu_system_calls({.program_fd = confinement.program_.get(), .kvm = !spec.device.empty()}));
  confinement.uid_ = spec.uid;
  confinement.gid_ = spec.gid;
  return confinement;
}

bool Confinement::leave_host() const {
  if (!files_.enter()) {
    return false;
  }
  for (const Limit& limit : kLimits) {
    const rlimit value{.rlim_cur = limit.value, .rlim_max = limit.value};
    if (::setrlimit(limit.resource, &value) < 0) {
      return false;
    }
  }
  return true;
}

// By system calls of our own: libc's wrappers make every thread it knows of follow, and wait for them. Here
// it knows of threads that were not cloned, and may find its lock held by one.
bool Confinement::drop_privileges() const {
  return drop_capabilities() && ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, gid_, gid_, gid_) == 0 && ::syscall(SYS_setresuid, uid_, uid_, uid_) == 0 &&
         clear_capabilities() && join_new_keyring();
}

bool Confinement::filter_calls() const {
  const sock_fprog program{.len = static_cast<unsigned short>(calls_.size()),
                           .filter = const_cast<sock_filter*>(calls_.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

void Confinement::execute(char* const* arguments, char* const* environment) const {
  ::syscall(SYS_execveat, program_.get(), "", arguments, environment, AT_EMPTY_PATH);
}

}  // namespace caisson::vmm
