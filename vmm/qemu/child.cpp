// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdint>

namespace caisson::vmm {
namespace {

// What the child needs, laid out before the clone: after it, a copy of one thread of ours runs without the
// others, whose locks may be held for ever. So nothing there allocates or calls into libc beyond system
// calls.
struct Prepared {
  const Child::Spec& spec;
  std::vector<char*> argv;
  std::vector<char*> envp;
  int null_fd;
  int report_fd;
  pid_t parent;
};

enum class Step : int { descriptors = 1, isolation, identity, parent, execute };

struct Failure {
  Step step;
  int error;
};

const char* describe(Step step) {
  switch (step) {
    case Step::descriptors:
      return "hand descriptors to";
    case Step::isolation:
      return "make namespaces for";
    case Step::identity:
      return "change the identity of";
    case Step::parent:
      return "tie our life to that of";
    case Step::execute:
      break;
  }
  return "execute";
}

bool hand_over_descriptors(const Prepared& prepared) {
  if (::dup2(prepared.null_fd, 0) < 0 || ::dup2(prepared.spec.standard_error, 1) < 0 ||
      ::dup2(prepared.spec.standard_error, 2) < 0 || ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
    return false;
  }
  for (const int fd : prepared.spec.inherited) {
    if (::fcntl(fd, F_SETFD, 0) < 0) {
      return false;
    }
  }
  return true;
}

// By system calls of our own: libc's wrappers make every thread it knows of follow, and wait for them. Here
// it knows of threads that were not cloned, and may find its lock held by one.
bool change_identity(const std::optional<Child::Identity>& identity) {
  if (identity) {
    const auto [uid, gid] = *identity;
    if (::syscall(SYS_setgroups, 0, nullptr) < 0 || ::syscall(SYS_setresgid, gid, gid, gid) < 0 ||
        ::syscall(SYS_setresuid, uid, uid, uid) < 0) {
      return false;
    }
  }
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The kernel kills us when our parent dies; one that died before this call is seen by its absence.
bool follow_parent(pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
    return false;
  }
  if (::getppid() != parent) {
    ::_exit(127);
  }
  return true;
}

[[noreturn]] void run_child(const Prepared& prepared) {
  const auto give_up = [&prepared](Step step) {
    const Failure failure{.step = step, .error = errno};
    [[maybe_unused]] const ssize_t written = ::write(prepared.report_fd, &failure, sizeof(failure));
    ::_exit(127);
  };
  if (!follow_parent(prepared.parent)) {
    give_up(Step::parent);
  }
  reset_signals();
  ::setpgid(0, 0);
  if (!hand_over_descriptors(prepared)) {
    give_up(Step::descriptors);
  }
  if (prepared.spec.isolate && ::unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
    give_up(Step::isolation);
  }
  if (!change_identity(prepared.spec.identity)) {
    give_up(Step::identity);
  }
  // ORDERING: again after the identity, whose change cleared it.
  if (!follow_parent(prepared.parent)) {
    give_up(Step::parent);
  }
  ::execve(prepared.spec.program.c_str(), prepared.argv.data(), prepared.envp.data());
  give_up(Step::execute);
  __builtin_unreachable();
}

// As execve() wants it; it does not write what they point to.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> all;
  all.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    all.push_back(const_cast<char*>(string.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

}  // namespace

Result<Child> Child::spawn(const Spec& spec) {
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) < 0) {
    return fail_errno("create pipe");
  }
  const UniqueFd report_reader(report[0]);
  UniqueFd report_writer(report[1]);
  const UniqueFd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_fd) {
    return fail_errno("open /dev/null");
  }
  const Prepared prepared{.spec = spec,
                          .argv = pointers(spec.arguments),
                          .envp = pointers(spec.environment),
                          .null_fd = null_fd.get(),
                          .report_fd = report_writer.get(),
                          .parent = ::getpid()};

  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid == 0) {
    run_child(prepared);
  }
  if (pid < 0) {
    return fail_errno("clone process for " + spec.program);
  }
  Child child{UniqueFd(pidfd)};
  report_writer.reset();
  Failure failure{};
  // End of file: the descriptor was closed by a successful exec (or the child was killed, which its pidfd
  // tells).
  if (::read(report_reader.get(), &failure, sizeof(failure)) == sizeof(failure)) {
    return fail_errno(std::string(describe(failure.step)) + " " + spec.program, failure.error);
  }
  return child;
}

Child::~Child() {
  if (pidfd_) {
    kill();
    reap();
  }
}

Result<void> Child::pause() {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGSTOP, nullptr, 0) < 0) {
    return fail_errno("stop QEMU");
  }
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WSTOPPED | WEXITED | WNOWAIT) < 0) {
    if (errno != EINTR) {
      return fail_errno("wait for QEMU to stop");
    }
  }
  if (info.si_code != CLD_STOPPED) {
    return fail(ESRCH, "stop QEMU: it has ended");
  }
  // Takes the report of the stop, so that the next wait does not find it again.
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WSTOPPED | WNOHANG);
  return {};
}

Result<void> Child::resume() {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGCONT, nullptr, 0) < 0) {
    return fail_errno("continue QEMU");
  }
  return {};
}

void Child::kill() {
  if (!exit_) {
    // Fails only for a process that has ended.
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  }
}

Child::Exit Child::reap() {
  if (exit_) {
    return *exit_;
  }
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 && errno == EINTR) {
  }
  exit_ = Exit{.signalled = info.si_code != CLD_EXITED, .code = info.si_status};
  return *exit_;
}

}  // namespace caisson::vmm
