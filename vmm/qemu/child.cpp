// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
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
  int parent;  // a pidfd
};

enum class Step : int { descriptors = 1, host, privileges, parent, filter, execute };

struct Failure {
  Step step;
  int error;
};

const char* describe(Step step) {
  switch (step) {
    case Step::descriptors:
      return "hand descriptors to";
    case Step::host:
      return "take the host's files away from";
    case Step::privileges:
      return "change the user and drop the privileges of";
    case Step::parent:
      return "tie our life to that of";
    case Step::filter:
      return "filter system calls of";
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

// The kernel kills us when our parent dies; one that died before this call is seen by its end. Not by
// getppid(): a parent outside of our process namespace has no number here.
bool follow_parent(int parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
    return false;
  }
  pollfd ended{.fd = parent, .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, 0) != 0) {
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
  ::setsid();
  if (!hand_over_descriptors(prepared)) {
    give_up(Step::descriptors);
  }
  const Confinement* const confinement = prepared.spec.confinement;
  if (confinement != nullptr && !confinement->leave_host()) {
    give_up(Step::host);
  }
  if (confinement != nullptr && !confinement->drop_privileges()) {
    give_up(Step::privileges);
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    give_up(Step::privileges);
  }
  // ORDERING: again after the user, whose change cleared it.
  if (!follow_parent(prepared.parent)) {
    give_up(Step::parent);
  }
  if (confinement == nullptr) {
    ::execve(prepared.spec.program.c_str(), prepared.argv.data(), prepared.envp.data());
    give_up(Step::execute);
  }
  if (!confinement->filter_calls()) {
    give_up(Step::filter);
  }
  confinement->execute(prepared.argv.data(), prepared.envp.data());
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
  const UniqueFd parent(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!parent) {
    return fail_errno("open our own process");
  }
  const Prepared prepared{.spec = spec,
                          .argv = pointers(spec.arguments),
                          .envp = pointers(spec.environment),
                          .null_fd = null_fd.get(),
                          .report_fd = report_writer.get(),
                          .parent = parent.get()};

  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | (spec.confinement != nullptr ? Confinement::kNamespaces : 0);
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

std::string describe(const Child::Exit& exit) {
  const std::string number = std::to_string(exit.code);
  if (!exit.signalled) {
    return "status " + number;
  }
  return "signal " + number +
         (exit.code == SIGSYS ? ": it made a system call that its filter forbids (docs/threat-model.md)"
                              : "");
}

}  // namespace caisson::vmm
