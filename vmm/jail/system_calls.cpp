// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/system_calls.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

// Nothing of ours or of libc's ever calls them after the jail is closed: to execute, to look into other
// processes, to reshape what is mounted, to reach parts of the kernel that break more often than others.
constexpr int kIntruders[] = {
    SYS_execve,
    SYS_execveat,
    SYS_fork,
    SYS_vfork,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_process_madvise,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_open_by_handle_at,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_personality,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_quotactl,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
};

// A call that is allowed with some arguments only. All conditions of one entry must hold; a second entry of
// the same call is another way to make it.
struct Conditional {
  int number;
  std::vector<scmp_arg_cmp> arguments;
};

constexpr uint64_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

constexpr scmp_arg_cmp equal(unsigned index, uint64_t value) {
  return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
constexpr scmp_arg_cmp masked_equal(unsigned index, uint64_t mask, uint64_t value) {
  return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

std::vector<Conditional> conditional() {
  return {
      {SYS_mmap, {masked_equal(2, PROT_EXEC, 0)}},  // no code but that which was there
      {SYS_mprotect, {masked_equal(2, PROT_EXEC, 0)}},
      {SYS_clone, {masked_equal(0, CLONE_THREAD | kNewNamespaces, CLONE_THREAD)}},
      {SYS_unshare, {equal(0, CLONE_FS)}},  // the file server's thread has an umask of its own
      {SYS_prctl, {equal(0, PR_SET_NAME)}},
      {SYS_ioctl, {equal(1, TCGETS)}},  // isatty()
      {SYS_ioctl, {equal(1, TIOCGWINSZ)}},
      {SYS_ioctl, {equal(1, TIOCSWINSZ)}},
      {SYS_ioctl, {equal(1, FS_IOC_GETFLAGS)}},  // chattr and lsattr of the guest's
      {SYS_ioctl, {equal(1, FS_IOC_SETFLAGS)}},
      {SYS_ioctl, {equal(1, FS_IOC_FSGETXATTR)}},
      {SYS_ioctl, {equal(1, FS_IOC_FSSETXATTR)}},
      // What names a process names our own: a vCPU's thread is kicked out of KVM_RUN, abort() is ours, limits
      // are read.
      {SYS_tgkill, {equal(0, static_cast<uint64_t>(::getpid()))}},
      {SYS_prlimit64, {equal(0, 0), equal(2, 0)}},
      // Both ends ours, and Unix sockets.
      {SYS_socketpair, {equal(0, AF_UNIX)}},
      // Not: whom a descriptor signals and by what (F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, O_ASYNC), nor
      // leases, which signal and hold up whoever opens the file.
      {SYS_fcntl, {equal(1, F_DUPFD)}},
      {SYS_fcntl, {equal(1, F_DUPFD_CLOEXEC)}},
      {SYS_fcntl, {equal(1, F_GETFD)}},
      {SYS_fcntl, {equal(1, F_SETFD)}},
      {SYS_fcntl, {equal(1, F_GETFL)}},
      {SYS_fcntl, {equal(1, F_SETFL), masked_equal(2, O_ASYNC, 0)}},
      {SYS_fcntl, {equal(1, F_GETPIPE_SZ)}},
      {SYS_fcntl, {equal(1, F_SETPIPE_SZ)}},
      {SYS_fcntl, {equal(1, F_ADD_SEALS)}},  // our own memfds'
      {SYS_fcntl, {equal(1, F_GET_SEALS)}},
      // The guest's locks on shared exports, by open file description.
      {SYS_fcntl, {equal(1, F_OFD_GETLK)}},
      {SYS_fcntl, {equal(1, F_OFD_SETLK)}},
      {SYS_fcntl, {equal(1, F_OFD_SETLKW)}},
  };
}

// Every ioctl of KVM has its type in these bits [include/uapi/linux/kvm.h, asm-generic/ioctl.h].
constexpr scmp_arg_cmp kKvmRequest = masked_equal(1, 0xff00, KVMIO << _IOC_TYPESHIFT);

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

Result<void> add(const Filter& filter, uint32_t action, std::span<const int> numbers) {
  for (const int number : numbers) {
    if (const int error = ::seccomp_rule_add(filter.get(), action, number, 0); error < 0) {
      return fail_errno("filter system call " + std::to_string(number), -error);
    }
  }
  return {};
}

Result<void> add(const Filter& filter, std::span<const Conditional> calls) {
  for (const Conditional& call : calls) {
    const int error =
        ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call.number,
                                 static_cast<unsigned>(call.arguments.size()), call.arguments.data());
    if (error < 0) {
      return fail_errno("filter system call " + std::to_string(call.number), -error);
    }
  }
  return {};
}

}  // namespace

Result<void> allow_system_calls(JailKind kind, Connects connects) {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release);
  if (!filter) {
    return fail(ENOMEM, "make system call filter");
  }
  // Sorted into a tree, the filter costs a handful of instructions a call.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const std::span<const int> allowed :
       {std::span<const int>(kProcess), std::span<const int>(kEvents), std::span<const int>(kFiles)}) {
    TRY(add(filter, SCMP_ACT_ALLOW, allowed));
  }
  TRY(add(filter, conditional()));
  // Its flags lie in memory, where no filter sees them: libc then makes threads by clone().
  TRY(add(filter, SCMP_ACT_ERRNO(ENOSYS), std::array{SYS_clone3}));
  if (kind == JailKind::own_machine) {
    TRY(add(filter, SCMP_ACT_ALLOW, kOwnMachine));
    TRY(add(filter, std::array{Conditional{SYS_ioctl, {kKvmRequest}}}));
  } else {
    TRY(add(filter, SCMP_ACT_ALLOW, kChildMachine));
  }
  if (connects == Connects::yes) {
    // Where a Unix socket may be connected to, names in the empty root decide (host_sockets.h), and those
    // that are of the network namespace, which is the container's.
    TRY(add(filter, std::vector<Conditional>{{SYS_socket, {equal(0, AF_UNIX)}}}));
    TRY(add(filter, SCMP_ACT_ALLOW, std::array{SYS_connect}));
  }
  TRY(add(filter, SCMP_ACT_KILL_PROCESS, kIntruders));
  if (const int error = ::seccomp_load(filter.get()); error < 0) {
    return fail_errno("load system call filter", -error);
  }
  return {};
}

}  // namespace caisson::vmm
