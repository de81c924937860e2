// SPDX-License-Identifier: Apache-2.0
// Hooks that run inside the container: startContainer, before exec; as in runc, under the filter and with the
// capabilities of the program. [oci] config.md "POSIX-platform Hooks". Each gets the state document on stdin;
// the first that fails ends the start. The others are the host's (runtime/lifecycle/hooks.h).
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cstring>

#include "agent/child/child.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

constexpr int kNotRun = 127;
// LIMIT: how much of each stream of a failed hook is quoted.
constexpr size_t kMaxQuotedBytes = 1024;

// What a hook reads and writes.
struct Files {
  UniqueFd state;
  UniqueFd output;
  UniqueFd error;
};

Result<UniqueFd> empty_file(const char* name) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) {
    return fail_errno("hold the output of hooks");
  }
  return file;
}

std::string quote(const UniqueFd& file) {
  std::string text(kMaxQuotedBytes, '\0');
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// In runc's words.
Error with_output(Error error, const Files& files) {
  error.message += ", stdout: " + quote(files.output) + ", stderr: " + quote(files.error);
  return error;
}

Result<UniqueFd> as_file(const std::string& bytes) {
  UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
  if (!file || ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) < 0) {
    return fail_errno("hold state for hooks");
  }
  return file;
}

[[noreturn]] void execute_hook(const v1::Hook& hook, const Files& files, Child& child) {
  std::vector<char*> argv;
  for (const std::string& argument : hook.args()) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  if (argv.empty()) {
    argv.push_back(const_cast<char*>(hook.path().c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& variable : hook.env()) {
    envp.push_back(const_cast<char*>(variable.c_str()));
  }
  // As in runc, a hook without an environment of its own has the container's.
  if (envp.empty()) {
    for (const std::string& variable : child.environment) envp.push_back(const_cast<char*>(variable.c_str()));
  }
  envp.push_back(nullptr);
  ::dup2(files.state.get(), 0);
  ::dup2(files.output.get(), 1);
  ::dup2(files.error.get(), 2);
  // Not of ourselves: the filter may forbid what waiting for the hook takes.
  if (!confine(child)) {
    ::_exit(kNotRun);
  }
  ::execve(hook.path().c_str(), argv.data(), envp.data());
  ::_exit(kNotRun);
}

// "bad system call", as runc names it.
std::string signal_name(int number) {
  const char* description = ::sigdescr_np(number);
  std::string name = description != nullptr ? description : std::to_string(number);
  name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return name;
}

// Waits for the hook's end; past its timeout it is killed. [oci] "timeout".
Result<void> await_hook(const v1::Hook& hook, pid_t pid) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd watched{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  const bool timed = hook.timeout_seconds() != 0 && hook.timeout_seconds() < 1000000;
  const bool late = ::poll(&watched, 1, timed ? static_cast<int>(hook.timeout_seconds()) * 1000 : -1) == 0;
  if (late) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (late) {
    return fail(ETIMEDOUT, "timed out after " + std::to_string(hook.timeout_seconds()) + " s");
  }
  if (WIFSIGNALED(status)) {
    return fail(ECANCELED, "signal: " + signal_name(WTERMSIG(status)));
  }
  return WEXITSTATUS(status) == 0 ? Result<void>{}
                                  : fail(ECANCELED, "exit status " + std::to_string(WEXITSTATUS(status)));
}

Result<void> run_hook(const v1::Hook& hook, const std::string& state_json, Child& child) {
  Files files;
  files.state = TRY(as_file(state_json));
  files.output = TRY(empty_file("stdout"));
  files.error = TRY(empty_file("stderr"));
  const pid_t pid = ::fork();
  if (pid < 0) {
    return fail_errno("fork");
  }
  if (pid == 0) {
    execute_hook(hook, files, child);
  }
  auto ended = await_hook(hook, pid);
  return ended ? std::move(ended) : tl::unexpected(with_output(std::move(ended).error(), files));
}

}  // namespace

Result<void> run_start_hooks(Child& child) {
  // [oci] runtime.md "Lifecycle": create has ended, the status is "created".
  const std::string& state = child.plan.container->created_state_json();
  int index = 0;
  for (const v1::Hook& hook : child.plan.container->start_container_hooks()) {
    TRY_CONTEXT("error running startContainer hook #" + std::to_string(index), run_hook(hook, state, child));
    ++index;
  }
  return {};
}

}  // namespace caisson::agent
