// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/system_calls.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <span>
#include <vector>

#include "vmm/system_calls/filter.h"

namespace caisson::vmm {
namespace {

// The runtime below us: threads, memory, time, randomness, the end.
constexpr int kProcess[] = {
    SYS_futex,         SYS_set_robust_list, SYS_rseq,
    SYS_exit,          SYS_exit_group,      SYS_munmap,
    SYS_mremap,        SYS_madvise,         SYS_brk,
    SYS_membarrier,    SYS_gettid,          SYS_getpid,
    SYS_rt_sigaction,  SYS_rt_sigprocmask,  SYS_rt_sigreturn,
    SYS_sigaltstack,   SYS_sched_yield,     SYS_sched_getaffinity,
    SYS_clock_gettime, SYS_gettimeofday,    SYS_clock_nanosleep,
    SYS_nanosleep,     SYS_getrandom,       SYS_restart_syscall,
    SYS_getuid,        SYS_geteuid,         SYS_uname,
    SYS_getgid,        SYS_getegid,         SYS_getresuid,
    SYS_getresgid,     SYS_getgroups,
};

// The event loops and what they watch. No socket is made for a network; socketpairs are.
constexpr int kEvents[] = {
    SYS_read,           SYS_write,           SYS_readv,       SYS_writev, SYS_epoll_ctl, SYS_epoll_wait,
    SYS_epoll_pwait,    SYS_epoll_create1,   SYS_eventfd2,    SYS_poll,   SYS_ppoll,     SYS_accept4,
    SYS_recvmsg,        SYS_sendmsg,         SYS_recvfrom,    SYS_sendto, SYS_shutdown,  SYS_getsockopt,
    SYS_setsockopt,     SYS_close,           SYS_close_range, SYS_dup,    SYS_dup3,      SYS_pipe2,
    SYS_timerfd_create, SYS_timerfd_settime, SYS_lseek,
};

// The file server (vmm/virtio/fs), on descriptors of its exports.
constexpr int kFiles[] = {
    SYS_openat,
    SYS_openat2,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_preadv,
    SYS_preadv2,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_pread64,
    SYS_pwrite64,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_ftruncate,
    SYS_truncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_syncfs,
    SYS_flock,
    SYS_copy_file_range,
    SYS_getxattr,
    SYS_setxattr,
    SYS_listxattr,
    SYS_removexattr,
    SYS_fgetxattr,
    SYS_fsetxattr,
    SYS_flistxattr,
    SYS_fremovexattr,
    SYS_lgetxattr,
    SYS_lsetxattr,
    SYS_llistxattr,
    SYS_lremovexattr,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_umask,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_name_to_handle_at,
    SYS_fadvise64,
    SYS_fchdir,
    SYS_chdir,
    SYS_getcwd,
    SYS_capget,
    SYS_capset,
};

// QEMU as a child: paused, continued, killed by pidfd, reaped. Its memory comes as descriptors (mmap above).
// No pidfd but QEMU's can be had (pidfd_open is refused), and none of a process outside our pid namespace
// is taken; waitid() knows children alone.
constexpr int kChildMachine[] = {SYS_pidfd_send_signal, SYS_waitid};

// KVM's vCPUs: ioctl below; the signal that interrupts KVM_RUN is tgkill's.
constexpr int kOwnMachine[] = {SYS_memfd_create};

// What is an intruder's beyond intruders_calls(): the file server needs some of what QEMU has no use for.
constexpr int kIntruders[] = {
    SYS_execveat,        SYS_kill,          SYS_tkill,      SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    SYS_process_madvise, SYS_migrate_pages, SYS_move_pages, SYS_io_uring_setup,
};

std::vector<ConditionalCall> conditional() {
  return {
      only_if(SYS_mmap, masked_equal(2, PROT_EXEC, 0), "no code but that which was there"),
      only_if(SYS_mprotect, masked_equal(2, PROT_EXEC, 0), ""),
      only_if(SYS_clone, masked_equal(0, CLONE_THREAD | kNewNamespaces, CLONE_THREAD), ""),
      only_if(SYS_unshare, equal(0, CLONE_FS), "the file server's thread has an umask of its own"),
      only_if(SYS_prctl, equal(0, PR_SET_NAME), ""),
      only_if(SYS_ioctl, equal(1, TCGETS), "isatty()"),
      only_if(SYS_ioctl, equal(1, TIOCGWINSZ), ""),
      only_if(SYS_ioctl, equal(1, TIOCSWINSZ), ""),
      only_if(SYS_ioctl, equal(1, FS_IOC_GETFLAGS), "chattr and lsattr of the guest's"),
      only_if(SYS_ioctl, equal(1, FS_IOC_SETFLAGS), ""),
      only_if(SYS_ioctl, equal(1, FS_IOC_FSGETXATTR), ""),
      only_if(SYS_ioctl, equal(1, FS_IOC_FSSETXATTR), ""),
      // What names a process names our own: a vCPU's thread is kicked out of KVM_RUN, abort() is ours, limits
      // are read.
      only_if(SYS_tgkill, equal(0, static_cast<uint64_t>(::getpid())), ""),
      only_if(SYS_prlimit64, equal(0, 0), equal(2, 0), ""),
      // Both ends ours, and Unix sockets.
      only_if(SYS_socketpair, equal(0, AF_UNIX), ""),
      // Not: whom a descriptor signals and by what (F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, O_ASYNC), nor
      // leases, which signal and hold up whoever opens the file.
      only_if(SYS_fcntl, equal(1, F_DUPFD), ""),
      only_if(SYS_fcntl, equal(1, F_DUPFD_CLOEXEC), ""),
      only_if(SYS_fcntl, equal(1, F_GETFD), ""),
      only_if(SYS_fcntl, equal(1, F_SETFD), ""),
      only_if(SYS_fcntl, equal(1, F_GETFL), ""),
      only_if(SYS_fcntl, equal(1, F_SETFL), masked_equal(2, O_ASYNC, 0), ""),
      only_if(SYS_fcntl, equal(1, F_GETPIPE_SZ), ""),
      only_if(SYS_fcntl, equal(1, F_SETPIPE_SZ), ""),
      only_if(SYS_fcntl, equal(1, F_ADD_SEALS), "our own memfds'"),
      only_if(SYS_fcntl, equal(1, F_GET_SEALS), ""),
      // The guest's locks on shared exports, by open file description.
      only_if(SYS_fcntl, equal(1, F_OFD_GETLK), ""),
      only_if(SYS_fcntl, equal(1, F_OFD_SETLK), ""),
      only_if(SYS_fcntl, equal(1, F_OFD_SETLKW), ""),
  };
}

}  // namespace

Result<void> allow_system_calls(JailKind kind, Connects connects) {
  SystemCallFilter filter = TRY(SystemCallFilter::create("caisson-vmm"));
  for (const std::span<const int> allowed :
       {std::span<const int>(kProcess), std::span<const int>(kEvents), std::span<const int>(kFiles)}) {
    TRY(filter.add(SCMP_ACT_ALLOW, allowed));
  }
  TRY(filter.allow(conditional()));
  // Its flags lie in memory, where no filter sees them: libc then makes threads by clone().
  TRY(filter.add(SCMP_ACT_ERRNO(ENOSYS), std::array{SYS_clone3}));
  if (kind == JailKind::own_machine) {
    TRY(filter.add(SCMP_ACT_ALLOW, kOwnMachine));
    TRY(filter.allow(std::array{kKvmCall}));
  } else {
    TRY(filter.add(SCMP_ACT_ALLOW, kChildMachine));
  }
  if (connects == Connects::yes) {
    // Where a Unix socket may be connected to, names in the empty root decide (host_sockets.h), and those
    // that are of the network namespace, which is the container's.
    TRY(filter.allow(std::array{only_if(SYS_socket, equal(0, AF_UNIX), "")}));
    TRY(filter.add(SCMP_ACT_ALLOW, std::array{SYS_connect}));
  }
  TRY(filter.add(SCMP_ACT_KILL_PROCESS, intruders_calls()));
  TRY(filter.add(SCMP_ACT_KILL_PROCESS, kIntruders));
  return filter.load();
}

}  // namespace caisson::vmm
