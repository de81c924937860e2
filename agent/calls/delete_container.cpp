// SPDX-License-Identifier: Apache-2.0
// DeleteContainer: kills what is left and forgets it. Idempotent: a container that is not there is deleted
// already.
#include <signal.h>

#include "agent/calls/calls.h"

namespace caisson::agent {

void delete_container(Agent& agent, const v1::DeleteContainerRequest& request, ttrpc::Responder responder) {
  const auto found = agent.containers().find(request.container());
  if (!found) {
    answer(responder, {});
    return;
  }
  Container& container = **found;
  for (const auto& process : agent.processes().of_container(container.id)) {
    (void)process->signal(SIGKILL);  // ESRCH: it has ended
  }
  if (container.cgroup) {
    (void)container.cgroup->kill();
  }
  agent.processes().forget_container(container.id);
  discard_container(agent, container);
  answer(responder, {});
}

}  // namespace caisson::agent
