// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hooks.h"

#include <fcntl.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "common/unique_fd.h"
#include "runtime/system/files.h"
#include "runtime/system/process_identity.h"

namespace caisson::runtime {
namespace {

// LIMIT: how much of a failed hook's output is quoted.
constexpr size_t kMaxQuotedBytes = 2048;

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string quote_output(int file) {
  std::string text(kMaxQuotedBytes, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? std::string() : ", it said: " + text;
}

Result<pid_t> spawn_hook(const oci::Hook& hook, const std::string& directory, int input, int output) {
  std::vector<std::string> arguments = hook.args.empty() ? std::vector{hook.path} : hook.args;
  // As in runc and crun: without "env" a hook has the runtime's own environment.
  std::vector<std::string> environment = hook.env;
  if (environment.empty()) {
    for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  const UniqueFd place(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (place) {
    ::posix_spawn_file_actions_addfchdir_np(&actions, place.get());
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  // We block signals to take them as events; the hook starts with none blocked and none ignored.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
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

Result<void> run_hook(const oci::Hook& hook, const HookScene& scene) {
  const UniqueFd input(::memfd_create("hook-state", MFD_CLOEXEC));
  const UniqueFd output(::memfd_create("hook-output", MFD_CLOEXEC));
  if (!input || !output ||
      ::write(input.get(), scene.state_json.data(), scene.state_json.size()) !=
          static_cast<ssize_t>(scene.state_json.size()) ||
      ::lseek(input.get(), 0, SEEK_SET) < 0) {
    return fail_errno("prepare input of " + hook.path);
  }
  const pid_t pid = TRY(spawn_hook(hook, scene.directory, input.get(), output.get()));
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  bool timed_out = false;
  if (hook.timeout && process) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(*hook.timeout);
    timed_out = !wait_for_end(process, deadline).value_or(true);
    if (timed_out) {
      (void)send_signal(process, SIGKILL);
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (timed_out) {
    return fail(ETIMEDOUT,
                hook.path + " ran longer than its timeout of " + std::to_string(*hook.timeout) + " s");
  }
  if (WIFSIGNALED(status)) {
    return fail(ECANCELED, hook.path + " was killed by signal " + std::to_string(WTERMSIG(status)) +
                               quote_output(output.get()));
  }
  if (WEXITSTATUS(status) != 0) {
    return fail(ECANCELED, hook.path + " failed with exit status " + std::to_string(WEXITSTATUS(status)) +
                               quote_output(output.get()));
  }
  return {};
}

}  // namespace

Result<void> run_hooks(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    TRY_CONTEXT(std::string("error running ") + kind + " hook #" + std::to_string(i),
                run_hook(hooks[i], scene));
  }
  return {};
}

void run_hooks_logging(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    if (auto ran = run_hook(hooks[i], scene); !ran) {
      spdlog::warn("error running {} hook #{}: {}", kind, i, ran.error().message);
    }
  }
}

}  // namespace caisson::runtime
