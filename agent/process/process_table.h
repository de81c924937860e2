// SPDX-License-Identifier: Apache-2.0
// All processes the host asked for, by the host's token, with the waiters for them, and streams that came
// before them. Also the reaper: as PID 1 the agent collects every orphan of the guest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "agent/process/process.h"

namespace caisson::agent {

class ProcessTable {
 public:
  using Waiter = std::function<void(Result<ExitStatus>)>;
  // Called when a process has ended, before its waiters learn of it.
  using ExitHook = std::function<void(Process& process)>;

  ProcessTable(EventLoop& loop, ExitHook on_exit) : loop_(loop), on_exit_(std::move(on_exit)) {}

  // EEXIST when the token is in use, EINVAL when it is 0.
  Result<std::shared_ptr<Process>> launch(ProcessSpec order, Process::Outcome settled);

  // ESRCH when there is none.
  Result<std::shared_ptr<Process>> find(uint64_t token) const;
  [[nodiscard]] std::vector<std::shared_ptr<Process>> of_container(const std::string& container) const;

  // Calls `waiter` with the exit status, at once or later. Waits also for a process that does not exist yet.
  // EAGAIN if too many wait.
  Result<void> wait(uint64_t token, Waiter waiter);
  // Gives the process its stream, now or once it exists. EAGAIN when too many streams wait.
  Result<void> attach(const StreamHello& hello, UniqueFd connection);

  // Forgets the container's processes. Their waiters get ESRCH.
  void forget_container(const std::string& container);

  // Collects every child that has ended.
  void reap();

 private:
  struct ParkedStream {
    StreamHello hello;
    UniqueFd connection;
  };

  void note_exit(pid_t pid, int status);
  void tell_waiters(const Process& process);
  void forget(uint64_t token);
  void forget_oldest_ended();

  EventLoop& loop_;
  ExitHook on_exit_;
  std::map<uint64_t, std::shared_ptr<Process>> processes_;
  std::unordered_map<pid_t, uint64_t> by_pid_;
  std::multimap<uint64_t, Waiter> waiters_;
  std::multimap<uint64_t, ParkedStream> parked_streams_;
};

}  // namespace caisson::agent
