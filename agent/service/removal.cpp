// SPDX-License-Identifier: Apache-2.0
#include "agent/service/removal.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "agent/mounts/spare_nodes.h"
#include "agent/service/agent.h"

namespace caisson::agent {
namespace {

bool is_empty(Agent& agent, const Container& container) {
  const auto processes = agent.processes().of_container(container.id);
  return std::all_of(processes.begin(), processes.end(),
                     [](const auto& process) { return process->exit().has_value(); }) &&
         !(container.cgroup && container.cgroup->is_populated());
}

void finish(Agent& agent, Container& container) {
  agent.processes().forget_container(container.id);
  if (container.cgroup) {
    if (const auto removed = container.cgroup->remove(); !removed) {
      agent.events().log(LogLevel::warning, removed.error().message, {{"container", container.id}});
    }
  }
  container.sockets.clear();
  ::rmdir((container.mount_point + ".sockets").c_str());
  ::rmdir(container.mount_point.c_str());
  remove_spare_nodes(container.id);
  const auto told = std::move(container.on_gone);
  const std::string id = container.id;
  agent.containers().remove(id);  // `container` dangles from here on
  for (const auto& gone : told) {
    gone();
  }
}

}  // namespace

void remove_container(Agent& agent, Container& container, std::function<void()> gone) {
  container.on_gone.push_back(std::move(gone));
  for (const auto& process : agent.processes().of_container(container.id)) {
    (void)process->signal(SIGKILL);  // ESRCH: it has ended
  }
  if (container.cgroup) {
    (void)container.cgroup->kill();
    if (!container.emptiness) {
      auto watch = CgroupWatch::create(agent.loop(), *container.cgroup, "cgroup.events",
                                       [&agent, &container] { continue_removal(agent, container); });
      if (watch) {
        container.emptiness = std::move(*watch);
      }
    }
  }
  continue_removal(agent, container);
}

void continue_removal(Agent& agent, Container& container) {
  if (!container.on_gone.empty() && is_empty(agent, container)) {
    finish(agent, container);
  }
}

}  // namespace caisson::agent
