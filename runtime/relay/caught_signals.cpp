// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/caught_signals.h"

#include <sys/signalfd.h>

#include <csignal>

namespace caisson::runtime {
namespace {

// These are about this process alone: its own faults, its children, its terminal.
bool concerns_only_us(int signal) {
  switch (signal) {
    case SIGCHLD:
    case SIGPIPE:
    case SIGURG:
    case SIGTTIN:
    case SIGTTOU:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGABRT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<CaughtSignals> CaughtSignals::take() {
  sigset_t caught;
  ::sigemptyset(&caught);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (!concerns_only_us(signal)) {
      ::sigaddset(&caught, signal);
    }
  }
  ::sigprocmask(SIG_BLOCK, &caught, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    return fail_errno("make signalfd");
  }
  return CaughtSignals(std::move(fd));
}

int CaughtSignals::next() const {
  signalfd_siginfo info{};
  const ssize_t size = ::read(fd_.get(), &info, sizeof(info));
  return size == static_cast<ssize_t>(sizeof(info)) ? static_cast<int>(info.ssi_signo) : 0;
}

int CaughtSignals::next_request_to_end() const {
  for (int signal = next(); signal != 0; signal = next()) {
    if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT) {
      return signal;
    }
  }
  return 0;
}

}  // namespace caisson::runtime
