// SPDX-License-Identifier: Apache-2.0
// Run in children: who catches signals does not get rid of them again.
#include "runtime/relay/caught_signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace caisson::runtime {
namespace {

// Whether `check`, given what a child has caught, holds there.
template <typename Check>
bool holds_in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto signals = CaughtSignals::take();
    ::_exit(signals && check(*signals) ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(CaughtSignals, are_told_in_place_of_acting) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    ::raise(SIGTERM);
    return signals.next() == SIGTERM && signals.next() == 0;
  }));
}

TEST(CaughtSignals, none_is_told_where_there_is_none) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    return signals.next() == 0 && signals.next_request_to_end() == 0;
  }));
}

TEST(CaughtSignals, all_that_can_be_passed_on_are_caught) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGWINCH,
                             SIGRTMIN, SIGRTMAX}) {
      ::raise(signal);
      if (signals.next() != signal) return false;
    }
    return true;
  }));
}

TEST(CaughtSignals, those_about_ourselves_are_not) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    sigset_t blocked;
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    for (const int signal :
         {SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
      if (::sigismember(&blocked, signal) != 0) return false;
    }
    ::raise(SIGPIPE);
    return signals.next() == 0;
  }));
}

TEST(CaughtSignals, requests_to_end_are_four) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    EXPECT_TRUE(holds_in_child([signal](const CaughtSignals& signals) {
      ::raise(signal);
      return signals.next_request_to_end() == signal;
    })) << signal;
  }
}

TEST(CaughtSignals, others_are_dropped_on_the_way_to_a_request) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    ::raise(SIGUSR1);
    ::raise(SIGWINCH);
    if (signals.next_request_to_end() != 0 || signals.next() != 0) return false;
    ::raise(SIGUSR1);
    ::raise(SIGTERM);
    return signals.next_request_to_end() == SIGTERM;
  }));
}

TEST(CaughtSignals, no_program_inherits_the_descriptor) {
  EXPECT_TRUE(holds_in_child([](const CaughtSignals& signals) {
    return ::fcntl(signals.fd(), F_GETFD) == FD_CLOEXEC && (::fcntl(signals.fd(), F_GETFL) & O_NONBLOCK) != 0;
  }));
}

}  // namespace
}  // namespace caisson::runtime
