// SPDX-License-Identifier: Apache-2.0
// The filter, tried from a child that has loaded it: what caisson-vmm does still works, what it never does
// fails, and what only an intruder does ends the process.
#include "vmm/jail/system_calls.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

namespace caisson::vmm {
namespace {

constexpr int kDone = 0;
constexpr int kNoFilter = 99;

// What waitid() tells of a child that loaded the filter and tried `attempt`, whose value is its exit code.
siginfo_t confined(JailKind kind, const std::function<int()>& attempt, Connects connects = Connects::no) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool closed = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && allow_system_calls(kind, connects);
    ::_exit(closed ? attempt() : kNoFilter);
  }
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED), 0);
  return info;
}

int exit_code_of(const std::function<int()>& attempt, JailKind kind = JailKind::child_machine) {
  const siginfo_t info = confined(kind, attempt);
  EXPECT_EQ(info.si_code, CLD_EXITED) << "signal " << info.si_status;
  return info.si_status;
}

// The error number of a system call that fails, 0 of one that succeeds.
template <typename... Arguments>
int error_of(long number, Arguments... arguments) {
  return ::syscall(number, arguments...) < 0 ? errno : 0;
}

TEST(jail_system_calls, threads_still_start) {
  EXPECT_EQ(exit_code_of([] {
              int value = 1;
              std::thread([&value] { value = kDone; }).join();
              return value;
            }),
            kDone);
}

TEST(jail_system_calls, a_thread_may_have_a_working_directory_of_its_own_and_no_namespace) {
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_unshare, CLONE_FS); }), 0);
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_unshare, CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_unshare, CLONE_FS | CLONE_NEWNS); }), EPERM);
  EXPECT_EQ(
      exit_code_of([] { return error_of(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0); }),
      EPERM);
}

TEST(jail_system_calls, a_process_is_not_forked) {
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }), EPERM);
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_clone3, nullptr, 0); }), ENOSYS);
}

TEST(jail_system_calls, memory_is_never_code) {
  constexpr size_t kPage = 4096;
  EXPECT_EQ(exit_code_of([] {
              return error_of(SYS_mmap, nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                              -1, 0);
            }),
            EPERM);
  EXPECT_EQ(exit_code_of([] {
              void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (page == MAP_FAILED) return 1;
              return error_of(SYS_mprotect, page, kPage, PROT_READ) != 0
                         ? 2
                         : error_of(SYS_mprotect, page, kPage, PROT_READ | PROT_EXEC);
            }),
            EPERM);
}

TEST(jail_system_calls, ioctls_are_those_of_terminals_of_inode_flags_and_of_kvm_where_it_is_ours) {
  constexpr int kNotATerminal = -1;
  const auto attempt = [](unsigned long request) {
    return [request] { return error_of(SYS_ioctl, kNotATerminal, request, nullptr); };
  };
  EXPECT_EQ(exit_code_of(attempt(TIOCGWINSZ)), EBADF);
  EXPECT_EQ(exit_code_of(attempt(TIOCSTI)), EPERM);
  EXPECT_EQ(exit_code_of(attempt(FS_IOC_SETFLAGS)), EBADF);
  EXPECT_EQ(exit_code_of(attempt(FITRIM)), EPERM);
  EXPECT_EQ(exit_code_of(attempt(FIFREEZE)), EPERM);
  EXPECT_EQ(exit_code_of(attempt(KVM_RUN)), EPERM);
  EXPECT_EQ(exit_code_of(attempt(KVM_RUN), JailKind::own_machine), EBADF);
  EXPECT_EQ(exit_code_of(attempt(TIOCSTI), JailKind::own_machine), EPERM);
}

TEST(jail_system_calls, limits_are_read_only) {
  EXPECT_EQ(exit_code_of([] {
              rlimit limit{};
              return error_of(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
            }),
            0);
  EXPECT_EQ(exit_code_of([] {
              const rlimit limit{.rlim_cur = 10, .rlim_max = 10};
              return error_of(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
            }),
            EPERM);
}

TEST(jail_system_calls, a_signal_goes_to_nobody_else) {
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_tgkill, ::getpid(), ::gettid(), 0); }), 0);
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_tgkill, ::getppid(), ::getppid(), 0); }), EPERM);
  // An intruder's argument may have bits set that the kernel does not look at.
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_tgkill, ::getpid() | (1L << 32), ::gettid(), 0); }), EPERM);
}

TEST(jail_system_calls, limits_of_others_are_not_read) {
  EXPECT_EQ(exit_code_of([] {
              rlimit limit{};
              return error_of(SYS_prlimit64, ::getppid(), RLIMIT_NOFILE, nullptr, &limit);
            }),
            EPERM);
}

TEST(jail_system_calls, a_descriptor_signals_nobody) {
  const auto attempt = [](int command, long argument) {
    return [command, argument] {
      std::array<int, 2> ends{};
      return ::syscall(SYS_pipe2, ends.data(), 0) < 0 ? -1 : error_of(SYS_fcntl, ends[0], command, argument);
    };
  };
  EXPECT_EQ(exit_code_of(attempt(F_SETFL, O_NONBLOCK)), 0);
  EXPECT_EQ(exit_code_of(attempt(F_SETFL, O_NONBLOCK | O_ASYNC)), EPERM);
  EXPECT_EQ(exit_code_of(attempt(F_DUPFD_CLOEXEC, 0)), 0);
  for (const int command :
       {F_SETOWN, F_GETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_GETLEASE, F_NOTIFY, F_SETLKW}) {
    EXPECT_EQ(exit_code_of(attempt(command, 1)), EPERM) << command;
  }
  for (const int request : {FIOASYNC, FIOSETOWN, SIOCSPGRP}) {
    EXPECT_EQ(exit_code_of([request] { return error_of(SYS_ioctl, 0, request, nullptr); }), EPERM) << request;
  }
}

TEST(jail_system_calls, sockets_in_pairs_are_unix_sockets) {
  std::array<int, 2> ends{};
  EXPECT_EQ(exit_code_of([&] { return error_of(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends.data()); }), 0);
  EXPECT_EQ(exit_code_of([&] { return error_of(SYS_socketpair, AF_TIPC, SOCK_STREAM, 0, ends.data()); }),
            EPERM);
}

TEST(jail_system_calls, no_socket_for_a_network) {
  EXPECT_EQ(exit_code_of([] { return error_of(SYS_socket, 2 /* AF_INET */, 1, 0); }), EPERM);
}

TEST(jail_system_calls, a_unix_socket_is_made_and_connected_where_the_container_has_one_of_the_host) {
  const auto connect_nowhere = [](int family) {
    const int fd = static_cast<int>(::syscall(SYS_socket, family, SOCK_STREAM, 0));
    sockaddr_un nowhere{};
    nowhere.sun_family = AF_UNIX;
    return fd < 0 ? errno : error_of(SYS_connect, fd, &nowhere, sizeof(nowhere));
  };
  const auto outcome = [&](int family, Connects connects) {
    return confined(
               JailKind::own_machine, [&] { return connect_nowhere(family); }, connects)
        .si_status;
  };
  EXPECT_EQ(outcome(AF_UNIX, Connects::no), EPERM);
  EXPECT_EQ(outcome(AF_UNIX, Connects::yes), ECONNREFUSED);
  EXPECT_EQ(outcome(AF_INET, Connects::yes), EPERM);
}

class JailIntruder : public ::testing::TestWithParam<long> {};

TEST_P(JailIntruder, ends) {
  for (const JailKind kind : {JailKind::child_machine, JailKind::own_machine}) {
    const siginfo_t info = confined(kind, [] { return error_of(GetParam(), -1, -1, -1, -1, -1, -1); });
    EXPECT_NE(info.si_code, CLD_EXITED) << "exit code " << info.si_status;
    EXPECT_EQ(info.si_status, SIGSYS);
  }
}

INSTANTIATE_TEST_SUITE_P(calls, JailIntruder,
                         ::testing::Values(SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_writev,
                                           SYS_mount, SYS_setns, SYS_bpf, SYS_io_uring_setup, SYS_userfaultfd,
                                           SYS_keyctl, SYS_open_by_handle_at, SYS_setresuid, SYS_kill,
                                           SYS_tkill, SYS_rt_sigqueueinfo, SYS_pidfd_open));

}  // namespace
}  // namespace caisson::vmm
