// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/create_hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/tree_layout.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

// A copy of the export's mount, in no namespace; none where the kernel makes none (before 6.15 of a mount
// that is in no namespace itself).
Result<UniqueFd> copy_of(const HostExport& shown) {
  const unsigned recursion = shown.recursive ? AT_RECURSIVE : 0U;
  UniqueFd tree(
      ::open_tree(shown.fd.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursion));
  if (!tree) {
    return shown.detached && errno == EINVAL ? Result<UniqueFd>(UniqueFd())
                                             : fail_errno("copy mount " + shown.name);
  }
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | recursion, &attributes, sizeof(attributes)) < 0) {
    return fail_errno("copy mount " + shown.name);
  }
  attributes = {};
  attributes.attr_set = shown.read_only ? MOUNT_ATTR_RDONLY : 0U;
  const unsigned beneath = shown.writable_beneath ? 0U : recursion;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | beneath, &attributes, sizeof(attributes)) < 0) {
    return fail_errno("restrict mount " + shown.name);
  }
  return tree;
}

// Copies can be made of the runtime's own mounts alone: before there is another namespace.
Result<std::vector<PlacedTree>> copies_of(const ContainerOnHost& container) {
  std::vector<PlacedTree> trees;
  for (const LaunchSpec::ViewMount& mount : container.view) {
    const auto& entries = container.exports.entries();
    const auto shown = std::find_if(entries.begin(), entries.end(),
                                    [&](const HostExport& entry) { return entry.name == mount.export_name; });
    UniqueFd tree = shown == entries.end() ? UniqueFd() : TRY(copy_of(*shown));
    trees.push_back({.destination = mount.destination, .tree = std::move(tree)});
  }
  return trees;
}

Result<void> enter(const ContainerOnHost& container) {
  const std::vector<PlacedTree> trees = TRY(copies_of(container));
  const UniqueFd network(
      ::open(("/proc/" + std::to_string(container.vmm) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (!network || ::setns(network.get(), CLONE_NEWNET) < 0) {
    return fail_errno("join the container's network namespace");
  }
  if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0) {
    return fail_errno("make mount namespace");
  }
  return lay_out_trees(trees, container.rootfs);
}

// The child's words are its error's, behind the code.
void report(int to, const Error& error) {
  std::string text(reinterpret_cast<const char*>(&error.code), sizeof(error.code));
  text += error.message;
  [[maybe_unused]] const ssize_t written = ::write(to, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
}

Result<void> reported(const UniqueFd& from, int status) {
  std::array<char, PIPE_BUF> text{};
  const ssize_t size = ::read(from.get(), text.data(), text.size());
  int code = 0;
  if (size >= static_cast<ssize_t>(sizeof(code))) {
    std::memcpy(&code, text.data(), sizeof(code));
    return fail(code, std::string(text.data() + sizeof(code), static_cast<size_t>(size) - sizeof(code)));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0
             ? Result<void>()
             : fail(ECANCELED, "run hooks createContainer: who ran them was killed");
}

// The child has our signals caught too. It ends when its hook has, which it kills if one asks us to end.
int wait_passing_on(pid_t child, const CaughtSignals* signals) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd entries[2] = {{.fd = process.get(), .events = POLLIN, .revents = 0},
                       {.fd = signals == nullptr ? -1 : signals->fd(), .events = POLLIN, .revents = 0}};
  while (process && entries[0].revents == 0) {
    ::poll(entries, 2, -1);
    if (const int signal = signals == nullptr ? 0 : signals->next_request_to_end(); signal != 0) {
      ::kill(child, signal);
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<void> run_create_container_hooks(const std::vector<oci::Hook>& hooks, const HookScene& scene,
                                        const ContainerOnHost& container) {
  if (hooks.empty()) {
    return {};
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) {
    return fail_errno("make pipe for hooks");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail_errno("fork for hooks");
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(1);
    }
    auto ran = enter(container);
    if (ran) {
      ran = run_hooks(hooks, "createContainer", scene);
    }
    if (!ran) {
      report(writer.get(), ran.error());
    }
    ::_exit(ran ? 0 : 1);
  }
  writer.reset();
  const int status = wait_passing_on(child, scene.signals);
  return reported(reader, status);
}

}  // namespace caisson::runtime
