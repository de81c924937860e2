// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hooks.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "common/unique_fd.h"
#include "runtime/lifecycle/hook_process.h"

namespace caisson::runtime {
namespace {

// LIMIT: how much of a failed hook's output is quoted.
constexpr size_t kMaxQuotedBytes = 2048;

std::string quote_output(int file) {
  std::string text(kMaxQuotedBytes, '\0');
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? std::string() : ", it said: " + text;
}

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return fail_errno("open " + path + ", where hooks run");
  }
  return directory;
}

Result<void> run_hook(const oci::Hook& hook, const HookScene& scene, const UniqueFd& directory) {
  const UniqueFd input(::memfd_create("hook-state", MFD_CLOEXEC));
  const UniqueFd output(::memfd_create("hook-output", MFD_CLOEXEC));
  if (!input || !output ||
      ::write(input.get(), scene.state_json.data(), scene.state_json.size()) !=
          static_cast<ssize_t>(scene.state_json.size()) ||
      ::lseek(input.get(), 0, SEEK_SET) < 0) {
    return fail_errno("prepare input of " + hook.path);
  }
  const pid_t pid =
      TRY(spawn_hook(hook, {.directory = directory.get(), .input = input.get(), .output = output.get()}));
  const int status = TRY(wait_for_hook(hook, pid, scene.signals));
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

// Under runc these run where `delete` was called. The bundle is the better place as long as it is there; what
// has to be cleaned up has to be so without it too.
Result<UniqueFd> open_bundle_or_here(const char* kind, const std::string& bundle) {
  if (bundle.empty()) {
    spdlog::warn("{} hooks run in the current directory: the bundle is not on record", kind);
    return open_directory(".");
  }
  auto directory = open_directory(bundle);
  if (directory) {
    return directory;
  }
  spdlog::warn("{} hooks run in the current directory: {}", kind, directory.error().message);
  return open_directory(".");
}

}  // namespace

Result<void> run_hooks(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene) {
  if (hooks.empty()) {
    return {};
  }
  const std::string context = std::string("error running ") + kind + " hook";
  const UniqueFd bundle = TRY_CONTEXT(context + "s", open_directory(scene.directory));
  for (size_t i = 0; i < hooks.size(); ++i) {
    TRY_CONTEXT(context + " #" + std::to_string(i), run_hook(hooks[i], scene, bundle));
  }
  return {};
}

void run_hooks_logging(const std::vector<oci::Hook>& hooks, const char* kind, const HookScene& scene) {
  if (hooks.empty()) {
    return;
  }
  const auto directory = open_bundle_or_here(kind, scene.directory);
  for (size_t i = 0; i < hooks.size(); ++i) {
    const auto ran = directory ? run_hook(hooks[i], scene, *directory) : tl::unexpected(directory.error());
    if (!ran) {
      spdlog::warn("error running {} hook #{}: {}", kind, i, ran.error().message);
    }
  }
}

}  // namespace caisson::runtime
