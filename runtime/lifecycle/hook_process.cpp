// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hook_process.h"

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "runtime/system/argument_vector.h"

namespace caisson::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// We block signals to take them as events; the hook starts with none blocked and none ignored.
void set_attributes(posix_spawnattr_t& attributes) {
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

// In milliseconds, as poll() wants it; -1: for ever.
int time_left(const std::optional<Clock::time_point>& deadline) {
  if (!deadline) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

Result<void> await_end(const oci::Hook& hook, const UniqueFd& process, const CaughtSignals* signals) {
  std::optional<Clock::time_point> deadline;
  if (hook.timeout) {
    deadline = Clock::now() + std::chrono::seconds(*hook.timeout);
  }
  while (true) {
    pollfd entries[2] = {{.fd = process.get(), .events = POLLIN, .revents = 0},
                         {.fd = signals == nullptr ? -1 : signals->fd(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(entries, 2, time_left(deadline));
    if (ready < 0 && errno != EINTR) {
      return fail_errno("wait for " + hook.path);
    }
    if (ready > 0 && entries[0].revents != 0) {
      return {};
    }
    if (const int signal = signals == nullptr ? 0 : signals->next_request_to_end(); signal != 0) {
      return fail(EINTR, hook.path + " was ended, since we were by signal " + std::to_string(signal));
    }
    if (deadline && Clock::now() >= *deadline) {
      return fail(ETIMEDOUT,
                  hook.path + " ran longer than its timeout of " + std::to_string(*hook.timeout) + " s");
    }
  }
}

}  // namespace

Result<pid_t> spawn_hook(const oci::Hook& hook, const HookPlace& place) {
  std::vector<std::string> arguments = hook.args.empty() ? std::vector{hook.path} : hook.args;
  // As in runc and crun: without "env" a hook has the runtime's own environment.
  std::vector<std::string> environment = hook.env;
  if (environment.empty()) {
    for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, place.input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, place.output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, place.output, 2);
  ::posix_spawn_file_actions_addfchdir_np(&actions, place.directory);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  set_attributes(attributes);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, hook.path.c_str(), &actions, &attributes,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail_errno("run " + hook.path, error);
  }
  return pid;
}

Result<int> wait_for_hook(const oci::Hook& hook, pid_t pid, const CaughtSignals* signals) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto ended = process ? await_end(hook, process, signals) : fail_errno("watch " + hook.path);
  if (!ended) {
    // It is ours to reap: neither number can be another's yet.
    ::kill(-pid, SIGKILL);
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  TRY(Result<void>(ended));
  return status;
}

}  // namespace caisson::runtime
