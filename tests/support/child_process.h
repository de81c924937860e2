// SPDX-License-Identifier: Apache-2.0
// A child of the test that waits for its end: for code that signals and watches processes. It ends with its
// object, and with the test's process.
#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

namespace caisson::test {

class ChildProcess {
 public:
  ChildProcess() : pid_(::fork()) {
    EXPECT_GE(pid_, 0);
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
  }
  ~ChildProcess() {
    if (pid_ > 0) end();
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  // The signal that has ended it; none while it lives, or where another has reaped it.
  [[nodiscard]] std::optional<int> ended_by() {
    siginfo_t info{};
    const bool has_ended =
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid_;
    return has_ended ? std::optional(info.si_status) : std::nullopt;
  }
  void end() {
    // Not reaped by us yet: the number is its own, unless the code under test has reaped it.
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

}  // namespace caisson::test
