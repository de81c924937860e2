// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

void tell_signals() {
  std::string ignored;
  std::string blocked;
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ignored += std::to_string(number) + " ";
    }
    if (::sigismember(&mask, number) == 1) {
      blocked += std::to_string(number) + " ";
    }
  }
  tell("signals ignored", ignored);
  tell("signals blocked", blocked);
}

void tell_scheduling() {
  tell("scheduler policy", ::sched_getscheduler(0));
  tell("nice", ::getpriority(PRIO_PROCESS, 0));
  tell("io priority", ::syscall(SYS_ioprio_get, 1, 0));
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  tell("affinity",
       ::sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? outcome(-1) : std::to_string(CPU_COUNT(&cpus)));
}

}  // namespace

void tell_process(Arguments /*arguments*/) {
  const pid_t pid = ::getpid();
  tell("pid", pid == 1 ? "1" : "not 1");
  tell("parent", ::getppid() == 0 ? "outside" : "visible");
  tell("session leader", ::getsid(0) == pid ? "yes" : "no");
  tell("group leader", ::getpgrp() == pid ? "yes" : "no");
  tell("no_new_privs", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  tell("seccomp mode", ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
  tell("dumpable", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  tell("keep capabilities", ::prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
  int value = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
  tell("child subreaper", value);
  value = 0;
  ::prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0);
  tell("parent death signal", value);
  tell("timer slack", ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  tell("oom_score_adj", read_text("/proc/self/oom_score_adj"));
  tell_hex("personality", static_cast<unsigned>(::personality(0xffffffff)));
  tell("process name", read_text("/proc/self/comm"));
  tell("coredump filter", read_text("/proc/self/coredump_filter"));
  tell("executable", describe("/proc/self/exe"));
  tell("security label", read_text("/proc/self/attr/current"));
  tell_signals();
  tell_scheduling();
}

}  // namespace caisson::probe
