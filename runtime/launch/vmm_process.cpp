// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/vmm_process.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>

#include "runtime/launch/vmm_child.h"
#include "runtime/system/argument_vector.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxStatusBytes = 64UL << 10;  // LIMIT: launch_spec.h

Result<UniqueFd> document_in_memory(const std::string& text) {
  UniqueFd file(::memfd_create("caisson-launch", MFD_CLOEXEC));
  if (!file) {
    return fail_errno("create memfd for launch document");
  }
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) < 0) {
    return fail_errno("write launch document");
  }
  return file;
}

// fork(), but the child is the first process of a pid namespace of its own: it can signal or name no process
// of the host, and what it starts ends with it. To us and to the host it has a pid as any other.
pid_t fork_into_pid_namespace() {
  clone_args arguments{};
  arguments.flags = CLONE_NEWPID;
  arguments.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

int exit_code_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace

Result<VmmProcess> VmmProcess::spawn(VmmSpec request) {
  int status_pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status_pair) < 0) {
    return fail_errno("make status socket");
  }
  UniqueFd ours(status_pair[0]);
  const UniqueFd theirs(status_pair[1]);

  const UniqueFd document = TRY(document_in_memory(to_json(request.spec)));

  std::vector<std::string> arguments = {"caisson-vmm", kLaunchOption, request.spec.id};
  std::vector<std::string> environment = vmm_environment(environ);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  VmmChild child{.program = request.program.c_str(),
                 .arguments = argument_pointers.data(),
                 .environment = environment_pointers.data(),
                 .sources = std::move(request.descriptors),
                 .cgroup_members = &request.cgroup_members,
                 .network_namespace = request.network_namespace,
                 .controlling_terminal = request.controlling_terminal,
                 .status = theirs.get()};
  child.sources[kLaunchFd] = document.get();
  child.sources[kStatusFd] = theirs.get();

  const pid_t pid = fork_into_pid_namespace();
  if (pid < 0) {
    return fail_errno("start caisson-vmm: fork into a pid namespace");
  }
  if (pid == 0) {
    run_vmm_child(child);
  }
  // The child is ours to reap, so its pid cannot be reused before we have done so.
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  auto identity = ProcessIdentity::of(pid);
  if (!pidfd || !identity) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail_errno("watch caisson-vmm");
  }
  return VmmProcess(*identity, std::move(pidfd), std::move(ours));
}

VmmProcess::~VmmProcess() {
  if (owned_.value && pidfd_) {
    (void)send_signal(pidfd_, SIGKILL);
    (void)wait_exit();
  }
}

Result<LaunchStatus> VmmProcess::wait_ready(std::chrono::steady_clock::time_point deadline,
                                            const CaughtSignals& signals) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entries[2] = {{.fd = status_.get(), .events = POLLIN, .revents = 0},
                         {.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(entries, 2, static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX)));
    if (ready < 0 && errno != EINTR) {
      return fail_errno("wait for caisson-vmm");
    }
    if (ready == 0) {
      return fail(ETIMEDOUT,
                  "start guest: it did not report ready in time; look at its console with the annotation "
                  "org.caisson.console=true and --debug");
    }
    if (const int signal = signals.next_request_to_end(); signal != 0) {
      return fail(EINTR, "start guest: interrupted by signal " + std::to_string(signal));
    }
    if (ready > 0 && entries[0].revents != 0) {
      return receive_status();
    }
  }
}

Result<LaunchStatus> VmmProcess::receive_status() {
  std::string text(kMaxStatusBytes, '\0');
  const ssize_t size = ::recv(status_.get(), text.data(), text.size(), 0);
  if (size <= 0) {
    const int code = TRY(wait_exit());
    release();
    return fail(ECHILD, "start guest: caisson-vmm ended without a word (exit code " + std::to_string(code) +
                            "); see the log");
  }
  text.resize(static_cast<size_t>(size));
  auto status = TRY(parse_launch_status(text));
  if (!status.ready) {
    return tl::unexpected(std::move(status.error));
  }
  return status;
}

Result<void> VmmProcess::commit() {
  if (::send(status_.get(), &kCommit, 1, MSG_NOSIGNAL) != 1) {
    return fail_errno("tell caisson-vmm that the container is on record");
  }
  status_.reset();
  return {};
}

Result<int> VmmProcess::wait_exit() {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0) {
    if (errno != EINTR) {
      return fail_errno("wait for caisson-vmm");
    }
  }
  return exit_code_of(info);
}

}  // namespace caisson::runtime
