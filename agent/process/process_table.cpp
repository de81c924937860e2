// SPDX-License-Identifier: Apache-2.0
#include "agent/process/process_table.h"

#include <sys/wait.h>

#include <algorithm>

namespace caisson::agent {
namespace {

// LIMIT: what the host may leave waiting for processes that never come.
constexpr size_t kMaxWaiters = 1024;
constexpr size_t kMaxParkedStreams = 64;
// LIMIT: ended processes keep their exit status for a late WaitProcess; of so many the oldest is forgotten.
constexpr size_t kMaxProcesses = 4096;

}  // namespace

Result<std::shared_ptr<Process>> ProcessTable::launch(ProcessSpec order, Process::Outcome settled) {
  const uint64_t token = order.token;
  if (token == 0) {
    return fail(EINVAL, "launch process: token is 0");
  }
  if (processes_.contains(token)) {
    return fail(EEXIST, "launch process: token " + std::to_string(token) + " is in use");
  }
  if (processes_.size() >= kMaxProcesses) {
    forget_oldest_ended();
  }
  const std::shared_ptr<Process> process = TRY(Process::launch(loop_, std::move(order), std::move(settled)));
  processes_[token] = process;
  by_pid_[process->pid()] = token;
  const auto [first, last] = parked_streams_.equal_range(token);
  for (auto parked = first; parked != last; ++parked) {
    // A stream the process does not have is closed, which tells its owner.
    (void)process->attach(parked->second.hello, std::move(parked->second.connection));
  }
  parked_streams_.erase(first, last);
  return process;
}

Result<std::shared_ptr<Process>> ProcessTable::find(uint64_t token) const {
  const auto found = processes_.find(token);
  if (found == processes_.end()) {
    return fail(ESRCH, "find process " + std::to_string(token) + ": no such process");
  }
  return found->second;
}

std::vector<std::shared_ptr<Process>> ProcessTable::of_container(const std::string& container) const {
  std::vector<std::shared_ptr<Process>> list;
  for (const auto& [token, process] : processes_) {
    if (process->container() == container) {
      list.push_back(process);
    }
  }
  return list;
}

Result<void> ProcessTable::wait(uint64_t token, Waiter waiter) {
  if (const auto found = processes_.find(token); found != processes_.end() && found->second->exit()) {
    waiter(*found->second->exit());
    return {};
  }
  if (waiters_.size() >= kMaxWaiters) {
    return fail(EAGAIN, "wait for process: too many wait already");
  }
  waiters_.emplace(token, std::move(waiter));
  return {};
}

Result<void> ProcessTable::attach(const StreamHello& hello, UniqueFd connection) {
  if (const auto found = processes_.find(hello.process); found != processes_.end()) {
    return found->second->attach(hello, std::move(connection));
  }
  if (parked_streams_.size() >= kMaxParkedStreams) {
    return fail(EAGAIN, "attach stream: too many wait for their process already");
  }
  parked_streams_.emplace(hello.process, ParkedStream{.hello = hello, .connection = std::move(connection)});
  return {};
}

void ProcessTable::forget_container(const std::string& container) {
  for (const auto& process : of_container(container)) {
    forget(process->token());
  }
}

void ProcessTable::reap() {
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
    if (pid > 0) {
      note_exit(pid, status);
    } else if (pid == 0 || errno != EINTR) {
      return;
    }
  }
}

void ProcessTable::note_exit(pid_t pid, int status) {
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) {
    return;  // an orphan
  }
  const std::shared_ptr<Process> process = processes_.at(found->second);
  by_pid_.erase(found);
  process->note_exit(status);
  on_exit_(*process);
  if (process->is_failed()) {
    // Whoever waits goes on waiting: the host may ask for the same token again.
    processes_.erase(process->token());
    return;
  }
  tell_waiters(*process);
}

void ProcessTable::tell_waiters(const Process& process) {
  const auto [first, last] = waiters_.equal_range(process.token());
  std::vector<Waiter> told;
  std::transform(first, last, std::back_inserter(told), [](auto& entry) { return std::move(entry.second); });
  waiters_.erase(first, last);
  for (const Waiter& waiter : told) {
    waiter(*process.exit());
  }
}

void ProcessTable::forget(uint64_t token) {
  const auto found = processes_.find(token);
  if (found == processes_.end()) {
    return;
  }
  by_pid_.erase(found->second->pid());
  processes_.erase(found);
  const auto [first, last] = waiters_.equal_range(token);
  std::vector<Waiter> told;
  std::transform(first, last, std::back_inserter(told), [](auto& entry) { return std::move(entry.second); });
  waiters_.erase(first, last);
  for (const Waiter& waiter : told) {
    waiter(fail(ESRCH, "wait for process: its container was deleted"));
  }
}

void ProcessTable::forget_oldest_ended() {
  const auto oldest = std::find_if(processes_.begin(), processes_.end(),
                                   [](const auto& entry) { return entry.second->exit().has_value(); });
  if (oldest != processes_.end()) {
    forget(oldest->first);
  }
}

}  // namespace caisson::agent
