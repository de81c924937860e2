// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/system_calls.h"

#include <seccomp.h>
#include <sys/syscall.h>

#include <memory>
#include <vector>

namespace caisson::vmm {
namespace {

// The runtime below us: threads, memory, time, randomness, the end.
constexpr int kProcess[] = {
    SYS_futex,
    SYS_clone,
    SYS_clone3,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_exit,
    SYS_exit_group,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_membarrier,
    SYS_gettid,
    SYS_getpid,
    SYS_tgkill,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_getrandom,
    SYS_prctl,
    SYS_restart_syscall,
    SYS_getrlimit,
    SYS_prlimit64,
    SYS_getuid,
    SYS_geteuid,
    SYS_uname,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
};

// The event loops and what they watch. No socket is made for a network; socketpairs are.
constexpr int kEvents[] = {
    SYS_read,        SYS_write,         SYS_readv,    SYS_writev, SYS_epoll_ctl,      SYS_epoll_wait,
    SYS_epoll_pwait, SYS_epoll_create1, SYS_eventfd2, SYS_poll,   SYS_ppoll,          SYS_accept4,
    SYS_recvmsg,     SYS_sendmsg,       SYS_recvfrom, SYS_sendto, SYS_shutdown,       SYS_socketpair,
    SYS_getsockopt,  SYS_setsockopt,    SYS_splice,   SYS_close,  SYS_close_range,    SYS_fcntl,
    SYS_dup,         SYS_dup3,          SYS_ioctl,    SYS_pipe2,  SYS_timerfd_create, SYS_timerfd_settime,
    SYS_lseek,
};

// The file server (vmm/devices/virtio/fs), on descriptors of its exports.
constexpr int kFiles[] = {
    SYS_openat,    SYS_openat2,    SYS_fstat,           SYS_newfstatat,
    SYS_statx,     SYS_statfs,     SYS_fstatfs,         SYS_preadv,
    SYS_preadv2,   SYS_pwritev,    SYS_pwritev2,        SYS_pread64,
    SYS_pwrite64,  SYS_getdents64, SYS_readlinkat,      SYS_mkdirat,
    SYS_mknodat,   SYS_symlinkat,  SYS_linkat,          SYS_unlinkat,
    SYS_renameat,  SYS_renameat2,  SYS_fchmod,          SYS_fchmodat,
    SYS_fchown,    SYS_fchownat,   SYS_utimensat,       SYS_ftruncate,
    SYS_truncate,  SYS_fallocate,  SYS_fsync,           SYS_fdatasync,
    SYS_syncfs,    SYS_flock,      SYS_copy_file_range, SYS_getxattr,
    SYS_setxattr,  SYS_listxattr,  SYS_removexattr,     SYS_fgetxattr,
    SYS_fsetxattr, SYS_flistxattr, SYS_fremovexattr,    SYS_lgetxattr,
    SYS_lsetxattr, SYS_llistxattr, SYS_lremovexattr,    SYS_setfsuid,
    SYS_setfsgid,  SYS_setresuid,  SYS_setresgid,       SYS_setgroups,
    SYS_umask,     SYS_faccessat,  SYS_faccessat2,      SYS_name_to_handle_at,
    SYS_fadvise64, SYS_fchdir,     SYS_chdir,           SYS_getcwd,
    SYS_capget,    SYS_capset,     SYS_unshare,
};

// QEMU as a child: paused, continued, killed by pidfd, reaped. Its memory comes as descriptors (mmap above).
constexpr int kChildMachine[] = {SYS_pidfd_send_signal, SYS_waitid, SYS_wait4, SYS_kill};

// KVM's vCPUs: ioctl above; the signal that interrupts KVM_RUN is tgkill's.
constexpr int kOwnMachine[] = {SYS_memfd_create, SYS_sched_setaffinity};

std::vector<int> join(std::span<const int> last) {
  std::vector<int> all;
  for (const std::span<const int> part :
       {std::span<const int>(kProcess), std::span<const int>(kEvents), std::span<const int>(kFiles), last}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::span<const int> allowed_system_calls(JailKind kind) {
  static const std::vector<int> own = join(kOwnMachine);
  static const std::vector<int> child = join(kChildMachine);
  return kind == JailKind::own_machine ? own : child;
}

Result<void> allow_system_calls(JailKind kind) {
  const std::unique_ptr<void, decltype(&::seccomp_release)> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                   &::seccomp_release);
  if (!filter) {
    return fail(ENOMEM, "make system call filter");
  }
  // Sorted into a tree, the filter costs a handful of instructions a call.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const int number : allowed_system_calls(kind)) {
    if (const int error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0); error < 0) {
      return fail_errno("allow system call " + std::to_string(number), -error);
    }
  }
  if (const int error = ::seccomp_load(filter.get()); error < 0) {
    return fail_errno("load system call filter", -error);
  }
  return {};
}

}  // namespace caisson::vmm
