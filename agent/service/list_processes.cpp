// SPDX-License-Identifier: Apache-2.0
// ListProcesses: what `ps` shows of the container, as the guest's root process namespace counts.
#include "agent/machine/uptime.h"
#include "agent/proc/process_entry.h"
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<std::vector<pid_t>> pids_of(Agent& agent, const Container& container) {
  if (container.cgroup) {
    return container.cgroup->processes();
  }
  // Without cgroups only those the host asked for are known to be the container's.
  std::vector<pid_t> pids;
  for (const auto& process : agent.processes().of_container(container.id)) {
    if (!process->exit() && !process->is_failed()) {
      pids.push_back(process->pid());
    }
  }
  return pids;
}

Result<v1::ListProcessesResponse> list(Agent& agent, const std::string& id) {
  const Container* container = TRY(agent.containers().find(id));
  v1::ListProcessesResponse response;
  response.set_uptime_ns(uptime_ns());
  for (const pid_t pid : TRY(pids_of(agent, *container))) {
    const auto entry = read_proc_entry(pid);
    if (!entry) {
      continue;  // it has ended meanwhile
    }
    auto* listed = response.add_processes();
    listed->set_pid(static_cast<uint32_t>(pid));
    listed->set_ppid(static_cast<uint32_t>(entry->ppid));
    listed->set_uid(entry->uid);
    listed->set_user(std::to_string(entry->uid));
    listed->set_start_time_ns(entry->start_time_ns);
    listed->set_cpu_time_ns(entry->cpu_time_ns);
    listed->set_tty(entry->tty);
    listed->set_command(entry->command);
    listed->set_state(std::string(1, entry->state));
    const uint64_t age = response.uptime_ns() - std::min(response.uptime_ns(), entry->start_time_ns);
    listed->set_cpu_percent(
        age == 0 ? 0 : static_cast<uint32_t>(std::min<uint64_t>(entry->cpu_time_ns * 100 / age, 100000)));
  }
  return response;
}

}  // namespace

void list_processes(Agent& agent, const v1::ListProcessesRequest& request, ttrpc::Responder responder) {
  const auto response = list(agent, request.container());
  if (response) {
    responder.succeed(*response);
  } else {
    responder.fail(response.error());
  }
}

}  // namespace caisson::agent
