// SPDX-License-Identifier: Apache-2.0
// QEMU's filter, read as the kernel reads it (what is reachable for each number, whatever the arguments), and
// tried from a child that has loaded it.
#include "vmm/qemu/system_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>

namespace caisson::vmm {
namespace {

constexpr int kProgram = 300;
// LIMIT: what QEMU may make of the kernel's; raised only with a reason in the table.
constexpr size_t kMostAllowed = 90;
constexpr uint32_t kNumbers = 512;  // beyond the last call of any kernel

std::vector<sock_filter> program_of(const QemuCalls& calls = {.program_fd = kProgram, .kvm = false}) {
  return qemu_system_calls(calls).value();
}

// Follows a program for one call of an architecture with unknown arguments, and both ways of a branch that
// depends on them.
class Walk {
 public:
  Walk(const std::vector<sock_filter>& program, uint32_t architecture, uint32_t number)
      : program_(program), architecture_(architecture), number_(number) {
    from(0, std::nullopt);
  }
  [[nodiscard]] const std::set<uint32_t>& actions() const { return actions_; }

 private:
  using Value = std::optional<uint32_t>;

  [[nodiscard]] Value load(uint32_t offset) const {
    if (offset == offsetof(seccomp_data, nr)) return number_;
    if (offset == offsetof(seccomp_data, arch)) return architecture_;
    return std::nullopt;
  }

  static bool compare(const sock_filter& step, uint32_t value) {
    switch (BPF_OP(step.code)) {
      case BPF_JEQ:
        return value == step.k;
      case BPF_JGE:
        return value >= step.k;
      case BPF_JGT:
        return value > step.k;
      default:
        return (value & step.k) != 0;
    }
  }

  void from(size_t at, Value value) {
    for (;; ++at) {
      ASSERT_LT(at, program_.size());
      const sock_filter& step = program_[at];
      switch (BPF_CLASS(step.code)) {
        case BPF_LD:
          value = load(step.k);
          break;
        case BPF_ALU:
          ASSERT_EQ(BPF_OP(step.code), BPF_AND);
          value = value ? Value(*value & step.k) : std::nullopt;
          break;
        case BPF_RET:
          actions_.insert(step.k);
          return;
        case BPF_JMP:
          if (BPF_OP(step.code) == BPF_JA) {
            at += step.k;
          } else if (value) {
            at += compare(step, *value) ? step.jt : step.jf;
          } else {
            from(at + 1 + step.jt, value);
            at += step.jf;
          }
          break;
        default:
          FAIL() << "instruction " << step.code;
      }
    }
  }

  const std::vector<sock_filter>& program_;
  uint32_t architecture_;
  uint32_t number_;
  std::set<uint32_t> actions_;
};

size_t count_allowed(const std::vector<sock_filter>& program) {
  size_t count = 0;
  for (uint32_t number = 0; number < kNumbers; ++number) {
    count += Walk(program, AUDIT_ARCH_X86_64, number).actions().count(SECCOMP_RET_ALLOW);
  }
  return count;
}

// What waitid() tells of a child that loaded the filter and tried `attempt`, whose value is its exit code.
siginfo_t confined(const std::function<int()>& attempt,
                   const QemuCalls& calls = {.program_fd = kProgram, .kvm = false}) {
  const std::vector<sock_filter> program = program_of(calls);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const sock_fprog loaded{.len = static_cast<unsigned short>(program.size()),
                            .filter = const_cast<sock_filter*>(program.data())};
    constexpr int kNoFilter = 99;
    const bool closed = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) == 0;
    ::_exit(closed ? attempt() : kNoFilter);
  }
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED), 0);
  return info;
}

int exit_code_of(const std::function<int()>& attempt,
                 const QemuCalls& calls = {.program_fd = kProgram, .kvm = false}) {
  const siginfo_t info = confined(attempt, calls);
  EXPECT_EQ(info.si_code, CLD_EXITED) << "signal " << info.si_status;
  return info.si_status;
}

// The error number of a system call that fails, 0 of one that succeeds.
template <typename... Arguments>
int error_of(long number, Arguments... arguments) {
  return ::syscall(number, arguments...) < 0 ? errno : 0;
}

// One call with these arguments.
template <typename... Arguments>
int tried(long number, Arguments... arguments) {
  return exit_code_of([=] { return error_of(number, arguments...); });
}

TEST(qemu_system_calls, at_most_ninety_are_allowed) {
  const size_t allowed = count_allowed(program_of());
  EXPECT_LE(allowed, kMostAllowed);
  EXPECT_GE(allowed, 40U);
  EXPECT_LE(count_allowed(program_of({.program_fd = kProgram, .kvm = true})), kMostAllowed);
}

TEST(qemu_system_calls, other_ways_into_the_kernel_end_the_process) {
  const std::vector<sock_filter> program = program_of();
  const std::set<uint32_t> end = {SECCOMP_RET_KILL_PROCESS};
  for (uint32_t number = 0; number < kNumbers; ++number) {
    EXPECT_EQ(Walk(program, AUDIT_ARCH_I386, number).actions(), end) << number;
    // x32's numbers.
    EXPECT_EQ(Walk(program, AUDIT_ARCH_X86_64, 0x40000000U | number).actions().count(SECCOMP_RET_ALLOW), 0U)
        << number;
  }
}

TEST(qemu_system_calls, threads_start_and_processes_do_not) {
  EXPECT_EQ(tried(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0), EPERM);
  EXPECT_EQ(tried(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, 0), EPERM);
  EXPECT_EQ(tried(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0), EPERM);
  EXPECT_EQ(tried(SYS_clone3, nullptr, 0), ENOSYS);
  // Without what a thread needs: the kernel's own word.
  EXPECT_EQ(tried(SYS_clone, CLONE_THREAD | CLONE_VM, nullptr, nullptr, nullptr, 0), EINVAL);
}

TEST(qemu_system_calls, nothing_is_executed_but_the_one_descriptor) {
  EXPECT_EQ(tried(SYS_execveat, kProgram, "", nullptr, nullptr, AT_EMPTY_PATH), EBADF);
  EXPECT_EQ(tried(SYS_execveat, kProgram + 1, "", nullptr, nullptr, AT_EMPTY_PATH), EPERM);
  EXPECT_EQ(tried(SYS_execveat, kProgram, "", nullptr, nullptr, 0), EPERM);
}

TEST(qemu_system_calls, signals_reach_itself_only) {
  EXPECT_EQ(tried(SYS_tgkill, 2, 2, 0), EPERM);
  EXPECT_EQ(tried(SYS_tgkill, 1, 0x7fffffff, 0), ESRCH);  // the kernel found no such thread
  EXPECT_EQ(tried(SYS_kill, 1, 0), EPERM);
  EXPECT_EQ(tried(SYS_tkill, 1, 0), EPERM);
  for (const int command :
       {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_NOTIFY, F_OFD_SETLK, F_SETLK, F_DUPFD}) {
    EXPECT_EQ(tried(SYS_fcntl, 0, command, 0), EPERM) << command;
  }
  EXPECT_EQ(tried(SYS_fcntl, -1, F_SETFL, O_ASYNC), EPERM);
  EXPECT_EQ(tried(SYS_fcntl, -1, F_SETFL, O_NONBLOCK), EBADF);
}

TEST(qemu_system_calls, no_file_is_made_and_no_socket) {
  EXPECT_EQ(tried(SYS_openat, -1, "x", O_RDONLY), EBADF);
  EXPECT_EQ(tried(SYS_openat, -1, "x", O_RDWR | O_CLOEXEC), EBADF);
  for (const int flags : {O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE, O_PATH}) {
    EXPECT_EQ(tried(SYS_openat, -1, "x", O_RDWR | flags, 0600), EPERM) << flags;
  }
  for (const int family : {AF_UNIX, AF_INET, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG}) {
    EXPECT_EQ(tried(SYS_socket, family, SOCK_STREAM, 0), EPERM) << family;
  }
  for (const long number : {SYS_open, SYS_creat, SYS_openat2, SYS_connect, SYS_bind, SYS_listen, SYS_accept4,
                            SYS_ftruncate, SYS_unlinkat, SYS_memfd_create, SYS_symlinkat, SYS_mkdirat}) {
    EXPECT_EQ(tried(number, -1, nullptr, 0), EPERM) << number;
  }
}

TEST(qemu_system_calls, ioctls_are_few_and_kvms_only_where_it_has_kvm) {
  constexpr int kNoDescriptor = -1;
  EXPECT_EQ(tried(SYS_ioctl, kNoDescriptor, FIONBIO, nullptr), EBADF);
  for (const unsigned long request :
       std::initializer_list<unsigned long>{TIOCSTI, TIOCLINUX, FIOASYNC, FIOSETOWN, KVM_RUN}) {
    EXPECT_EQ(tried(SYS_ioctl, kNoDescriptor, request, nullptr), EPERM) << request;
  }
  const auto run = [] { return error_of(SYS_ioctl, -1, KVM_RUN, nullptr); };
  EXPECT_EQ(exit_code_of(run, {.program_fd = kProgram, .kvm = true}), EBADF);
}

TEST(qemu_system_calls, limits_names_and_dumpability) {
  EXPECT_EQ(tried(SYS_prlimit64, 0, 7, nullptr, nullptr), 0);
  EXPECT_EQ(tried(SYS_prlimit64, ::getpid(), 7, nullptr, nullptr), EPERM);
  EXPECT_EQ(tried(SYS_prctl, PR_SET_NAME, "name", 0, 0, 0), 0);
  // QEMU tries whether it could, and goes on.
  EXPECT_EQ(tried(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr), EPERM);
  for (const int option : {PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_PTRACER, PR_SET_MM, PR_SET_SECCOMP}) {
    EXPECT_EQ(tried(SYS_prctl, option, 0, 0, 0, 0), EPERM) << option;
  }
}

class QemuIntruder : public ::testing::TestWithParam<long> {};

TEST_P(QemuIntruder, ends) {
  const siginfo_t info = confined([] { return error_of(GetParam(), -1, -1, -1, -1, -1, -1); });
  EXPECT_NE(info.si_code, CLD_EXITED) << "exit code " << info.si_status;
  EXPECT_EQ(info.si_status, SIGSYS);
}

INSTANTIATE_TEST_SUITE_P(calls, QemuIntruder,
                         ::testing::Values(SYS_execve, SYS_ptrace, SYS_process_vm_writev, SYS_mount,
                                           SYS_setns, SYS_unshare, SYS_bpf, SYS_userfaultfd, SYS_keyctl,
                                           SYS_setresuid, SYS_open_by_handle_at, SYS_pidfd_getfd));

}  // namespace
}  // namespace caisson::vmm
