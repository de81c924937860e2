// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/members.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>

#include "runtime/cgroup/freezer.h"
#include "runtime/system/files.h"
#include "runtime/system/process_identity.h"

namespace caisson::runtime {
namespace {

// LIMIT: the members of a cgroup of some ten thousand processes.
constexpr size_t kMaxMembersBytes = 1UL << 20;
constexpr std::chrono::seconds kKillPatience{10};

std::vector<pid_t> parse_ids(std::string_view text) {
  std::vector<pid_t> ids;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    pid_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error != std::errc()) break;
    ids.push_back(id);
    at = next + 1;
  }
  return ids;
}

// The process a thread belongs to; 0 when it has gone.
pid_t process_of(pid_t thread) {
  const std::string status =
      read_file("/proc/" + std::to_string(thread) + "/status", kMaxMembersBytes).value_or("");
  constexpr std::string_view kKey = "\nTgid:\t";
  const size_t key = status.find(kKey);
  const std::vector<pid_t> ids = key == std::string::npos
                                     ? std::vector<pid_t>()
                                     : parse_ids(std::string_view(status).substr(key + kKey.size()));
  return ids.empty() ? 0 : ids.front();
}

}  // namespace

std::vector<pid_t> processes_of(const std::string& directory) {
  const Result<std::string> processes = read_file(directory + "/cgroup.procs", kMaxMembersBytes);
  if (processes || processes.error().code != EOPNOTSUPP) {
    return parse_ids(processes.value_or(""));
  }
  // [cgroup-v2] Threads: a threaded cgroup tells its threads alone.
  std::vector<pid_t> found;
  for (const pid_t thread :
       parse_ids(read_file(directory + "/cgroup.threads", kMaxMembersBytes).value_or(""))) {
    const pid_t process = process_of(thread);
    if (process > 0 && std::find(found.begin(), found.end(), process) == found.end()) {
      found.push_back(process);
    }
  }
  return found;
}

Result<void> empty_cgroup(const std::string& directory) {
  const auto deadline = std::chrono::steady_clock::now() + kKillPatience;
  for (std::vector<pid_t> pids = processes_of(directory); !pids.empty(); pids = processes_of(directory)) {
    for (const pid_t pid : pids) {
      const auto identity = ProcessIdentity::of(pid);
      const auto process = identity ? open_process(*identity) : Result<UniqueFd>(fail(ESRCH, "gone"));
      if (process) {
        (void)send_signal(*process, SIGKILL);
        TRY(leave_frozen_cgroup(pid));
        (void)TRY(wait_for_end(*process, deadline));
      }
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ETIMEDOUT, "empty cgroup " + directory + ": its processes do not end");
    }
  }
  return {};
}

}  // namespace caisson::runtime
