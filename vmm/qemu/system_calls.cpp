// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/system_calls.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <span>

#include "vmm/system_calls/filter.h"

namespace caisson::vmm {
namespace {

struct Call {
  int number;
  const char* why;  // for the reader of this table
};

// Whatever their arguments: they reach nothing but what QEMU holds already.
constexpr Call kAllowed[] = {
    // Memory.
    {SYS_brk, "malloc"},
    {SYS_munmap, "malloc, ends of threads"},
    {SYS_mremap, "realloc"},
    {SYS_madvise, "guest memory is not dumped, not forked; malloc"},
    // Threads.
    {SYS_futex, "every lock"},
    {SYS_set_robust_list, "start of a thread"},
    {SYS_rseq, "start of a thread, glibc 2.35 and later"},
    {SYS_set_tid_address, "start of the program"},
    {SYS_gettid, "names of threads, RCU"},
    {SYS_getpid, "signals to own threads"},
    {SYS_sched_yield, "spinning locks of TCG"},
    {SYS_sched_getaffinity, "how many CPUs there are"},
    {SYS_membarrier, "RCU"},
    {SYS_exit, "end of a thread"},
    {SYS_exit_group, "the end"},
    // Signals to itself: SIG_IPI between its threads, SIGBUS, SIGTERM.
    {SYS_rt_sigaction, "handlers"},
    {SYS_rt_sigprocmask, "every new thread"},
    {SYS_rt_sigreturn, "end of a handler"},
    {SYS_rt_sigtimedwait, "SIG_IPI is eaten where KVM runs"},
    {SYS_sigaltstack, "coroutines"},
    {SYS_signalfd4, "the main loop reads signals"},
    {SYS_restart_syscall, "the kernel's own, after SIGCONT"},
    // Time and chance.
    {SYS_clock_gettime, "where the vDSO cannot"},
    {SYS_clock_getres, "timers"},
    {SYS_gettimeofday, "where the vDSO cannot"},
    {SYS_nanosleep, "throttles"},
    {SYS_clock_nanosleep, "throttles"},
    {SYS_sysinfo, "libc's sizes of memory, which it does not check"},
    {SYS_getrandom, "malloc, hash seeds, the guest's seed"},
    // What it holds: sockets to us, eventfds, files it was given.
    {SYS_read, "console, monitor, eventfds"},
    {SYS_write, "eventfds, standard error"},
    {SYS_readv, "character devices"},
    {SYS_writev, "character devices"},
    {SYS_pread64, "the loader, kernel and initramfs"},
    {SYS_lseek, "the size of kernel and initramfs"},
    {SYS_close, ""},
    {SYS_fstat, "libc's files"},
    {SYS_newfstatat, "the loader, firmware, descriptors by path"},
    {SYS_statx, "a newer libc's fstat"},
    {SYS_fstatfs, "page size of the guest memory's file"},
    {SYS_readlink, "its own path, for its firmware"},
    {SYS_access, "the loader, firmware"},
    {SYS_recvmsg, "vhost-user answers, the monitor"},
    {SYS_sendmsg, "vhost-user requests and their descriptors"},
    {SYS_recvfrom, "character devices"},
    {SYS_sendto, "character devices"},
    {SYS_getsockname, "what kind of socket it inherited"},
    {SYS_getpeername, "likewise"},
    {SYS_getsockopt, "likewise"},
    {SYS_shutdown, "ends of sockets"},
    // The main loop.
    {SYS_ppoll, "the main loop"},
    {SYS_poll, "GLib, vhost-user"},
    {SYS_epoll_create1, "the main loop"},
    {SYS_epoll_ctl, "the main loop"},
    {SYS_epoll_wait, "the main loop"},
    {SYS_eventfd2, "a queue's notifications"},
    {SYS_pipe2, "QEMU 10 where it has no eventfd"},
    {SYS_dup, "the sockets it inherited"},
};

// It writes no file: what it opens is there. O_PATH would be a way to directories.
constexpr uint64_t kWaysToWrite = O_CREAT | O_TRUNC | O_APPEND | O_PATH | (O_TMPFILE & ~O_DIRECTORY);
// Its process is the first of its process namespace.
constexpr uint32_t kOwnPid = 1;

// Where an argument must be what QEMU has use for.
constexpr ConditionalCall kConditional[] = {
    only_if(SYS_openat, masked_equal(2, kWaysToWrite, 0), "loader, firmware, descriptors by path"),
    only_if(SYS_clone, masked_equal(0, CLONE_THREAD | CLONE_VM | kNewNamespaces, CLONE_THREAD | CLONE_VM),
            "threads, no process"),
    only_if(SYS_tgkill, equal_int(0, kOwnPid), "SIG_IPI to a vCPU's thread, abort()"),
    only_if(SYS_arch_prctl, equal_int(0, ARCH_SET_FS), "start of the program"),
    only_if(SYS_prlimit64, equal_int(0, 0), equal(2, 0), "limits are read"),
    only_if(SYS_prctl, equal_int(0, PR_SET_NAME), "names of threads"),
    only_if(SYS_prctl, equal_int(0, PR_SET_TIMERSLACK), "the main loop's timers"),
    only_if(SYS_fcntl, equal_int(1, F_GETFD), "descriptors it inherited"),
    only_if(SYS_fcntl, equal_int(1, F_SETFD), "close-on-exec"),
    only_if(SYS_fcntl, equal_int(1, F_GETFL), "non-blocking sockets"),
    only_if(SYS_fcntl, equal_int(1, F_SETFL), masked_equal(2, O_ASYNC, 0), "likewise; no signals for it"),
    only_if(SYS_fcntl, equal_int(1, F_DUPFD_CLOEXEC), "duplicates to send"),
    only_if(SYS_ioctl, equal_int(1, FIONBIO), "non-blocking sockets"),
    only_if(SYS_ioctl, equal_int(1, TCGETS), "isatty()"),
};

// Also of PROT_EXEC, unlike our own: the translator writes code, and the loader maps libraries.
constexpr Call kMapping[] = {
    {SYS_mmap, "libraries, translated code, guest memory, stacks"},
    {SYS_mprotect, "relocated data, guard pages, translated code"},
};

// Refused as by a kernel without them, so that libc and QEMU do what they did before these calls were there.
constexpr Call kAbsent[] = {
    {SYS_clone3, "its flags lie in memory, where no filter sees them"},
    {SYS_mbind, "QEMU wants its failure to be ENOSYS where no NUMA policy is asked for"},
    {SYS_io_uring_setup, "QEMU then polls by epoll"},
    {SYS_faccessat2, "libc then uses access"},
    {SYS_epoll_pwait2, "QEMU then uses epoll_wait"},
};

// No version of QEMU makes them here, as those of intruders_calls(); our own file server does.
constexpr int kIntruders[] = {
    SYS_pidfd_send_signal, SYS_unshare, SYS_setfsuid, SYS_setfsgid, SYS_capset,
};

Result<void> add(SystemCallFilter& filter, uint32_t action, std::span<const Call> calls) {
  for (const Call& call : calls) {
    TRY(filter.add(action, std::array{call.number}));
  }
  return {};
}

}  // namespace

// What is not listed fails with EPERM, and does not kill: a version of QEMU or libc that tries something new
// has a way without it, or says what failed; no container dies of an upgrade at a moment nobody foresaw.
Result<std::vector<sock_filter>> qemu_system_calls(const QemuCalls& calls) {
  SystemCallFilter filter = TRY(SystemCallFilter::create("QEMU"));
  TRY(add(filter, SCMP_ACT_ALLOW, kAllowed));
  TRY(add(filter, SCMP_ACT_ALLOW, kMapping));
  TRY(add(filter, SCMP_ACT_ERRNO(ENOSYS), kAbsent));
  TRY(filter.allow(kConditional));
  TRY(filter.allow(std::array{only_if(SYS_execveat, equal_int(0, static_cast<uint32_t>(calls.program_fd)),
                                      equal_int(4, AT_EMPTY_PATH), "QEMU itself, once")}));
  if (calls.kvm) {
    TRY(filter.allow(std::array{kKvmCall}));
  }
  TRY(filter.add(SCMP_ACT_KILL_PROCESS, intruders_calls()));
  TRY(filter.add(SCMP_ACT_KILL_PROCESS, kIntruders));
  return filter.program();
}

}  // namespace caisson::vmm
