// SPDX-License-Identifier: Apache-2.0
// SignalProcess: to one process, or to all of a container.
#include <signal.h>

#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<void> signal_all(const Container& container, int number) {
  if (!container.cgroup) {
    return container.init ? container.init->signal(number) : Result<void>{};
  }
  if (number == SIGKILL) {
    return container.cgroup->kill();
  }
  // A process that forks while we read may be missed, as it is by every runtime; SIGKILL above misses none.
  for (const pid_t pid : TRY(container.cgroup->processes())) {
    if (container.init && pid == container.init->pid()) {
      // As for kill without --all: while it waits for its start, not every signal is for it.
      if (auto sent = container.init->signal(number); !sent && sent.error().code != ESRCH) {
        return sent;
      }
    } else if (::kill(pid, number) < 0 && errno != ESRCH) {
      return fail_errno("signal process " + std::to_string(pid));
    }
  }
  return {};
}

Result<void> deliver(Agent& agent, const v1::SignalProcessRequest& request) {
  if (request.signal() >= static_cast<uint32_t>(NSIG)) {
    return fail(EINVAL, "signal process: no such signal " + std::to_string(request.signal()));
  }
  const auto number = static_cast<int>(request.signal());
  const Container* container = TRY(agent.containers().find(request.container()));
  if (request.all()) {
    return signal_all(*container, number);
  }
  if (request.process() == 0) {
    return container->init ? container->init->signal(number) : fail(ESRCH, "signal process: none yet");
  }
  return TRY(agent.processes().find(request.process()))->signal(number);
}

}  // namespace

void signal_process(Agent& agent, const v1::SignalProcessRequest& request, ttrpc::Responder responder) {
  answer(responder, deliver(agent, request));
}

}  // namespace caisson::agent
