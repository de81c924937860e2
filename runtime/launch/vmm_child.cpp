// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/vmm_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string_view>

#include "protocol/launch/launch_spec.h"

namespace caisson::runtime {
namespace {

constexpr int kSpawnFailed = 255;

// Says on the status socket what failed, as caisson-vmm itself would.
[[noreturn]] void fail_in_child(const VmmChild& child, const char* what) {
  const int code = errno;
  LaunchStatus status;
  status.error = Error{code, std::string("start caisson-vmm: ") + what + ": " + std::strerror(code)};
  const std::string text = to_json(status);
  [[maybe_unused]] const ssize_t sent = ::send(child.status, text.data(), text.size(), MSG_NOSIGNAL);
  ::_exit(kSpawnFailed);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    ::signal(signal, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

// Copies every source above the target range first, so that no dup2() overwrites one still needed.
bool place_descriptors(const std::vector<int>& sources) {
  const int count = static_cast<int>(sources.size());
  std::vector<int> high;
  for (const int source : sources) {
    const int copy = ::fcntl(source, F_DUPFD_CLOEXEC, count);
    if (copy < 0) {
      return false;
    }
    high.push_back(copy);
  }
  for (int target = 0; target < count; ++target) {
    if (::dup2(high[static_cast<size_t>(target)], target) < 0) {
      return false;
    }
  }
  return ::syscall(SYS_close_range, static_cast<unsigned>(count), UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

void run_vmm_child(const VmmChild& child) {
  reset_signals();
  // A session of its own: the terminal's Ctrl-C is for whoever reads that terminal, never for the machine.
  ::setsid();
  for (const int members : *child.cgroup_members) {
    if (::write(members, "0", 1) < 0) {
      fail_in_child(child, "join cgroup");
    }
  }
  if (child.network_namespace >= 0 ? ::setns(child.network_namespace, CLONE_NEWNET) < 0
                                   : ::unshare(CLONE_NEWNET) < 0) {
    fail_in_child(child, child.network_namespace >= 0 ? "join network namespace" : "make network namespace");
  }
  if (!place_descriptors(child.sources)) {
    fail_in_child(child, "place descriptors");
  }
  if (child.controlling_terminal && ::ioctl(0, TIOCSCTTY, 0) < 0) {
    fail_in_child(child, "take terminal");
  }
  if (::chdir("/") < 0) {
    fail_in_child(child, "change to /");
  }
  ::execve(child.program, child.arguments, child.environment);
  fail_in_child(child, child.program);
}

std::vector<std::string> vmm_environment(const char* const* environment) {
  std::vector<std::string> kept;
  for (const char* const* entry = environment; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    for (const std::string_view prefix : {"PATH=", "CAISSON_", "TMPDIR=", "HOME=", "XDG_RUNTIME_DIR="}) {
      if (variable.starts_with(prefix)) {
        kept.emplace_back(variable);
      }
    }
  }
  return kept;
}

}  // namespace caisson::runtime
