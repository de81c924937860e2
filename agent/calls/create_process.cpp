// SPDX-License-Identifier: Apache-2.0
// CreateProcess: one more process in a container, running or waiting for its start, in its namespaces and its
// cgroup.
#include <sched.h>

#include "agent/calls/calls.h"

namespace caisson::agent {
namespace {

Result<std::shared_ptr<Process>> launch(Agent& agent, const v1::CreateProcessRequest& request,
                                        Process::Outcome settled) {
  if (!request.has_process()) {
    return fail(EINVAL, "create process: process is missing");
  }
  const Container* container = TRY(agent.containers().find_created(request.container()));
  if (container->paused) {
    return fail(EBUSY, "create process: container " + container->id + " is paused; resume it first");
  }
  LaunchOrder order{
      .token = request.token(),
      .container = container->id,
      .plan = {.process = &request.process(),
               .container = nullptr,
               .stdio = {-1, -1, -1},
               .exports = {},
               .cgroup = container->cgroup ? container->cgroup->directory() : -1,
               .mount_point = {},
               .joins = {Join{.pidfd = container->init->pidfd().get(), .kinds = container->namespaces}}},
      .new_namespaces = 0,
      .id_maps = {}};
  return agent.processes().launch(std::move(order), std::move(settled));
}

}  // namespace

void create_process(Agent& agent, const v1::CreateProcessRequest& request, ttrpc::Responder responder) {
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  const auto process = std::make_shared<std::weak_ptr<Process>>();
  const auto launched = launch(agent, request, [shared, process](const Result<void>& running) {
    const auto self = process->lock();
    if (!running || !self) {
      shared->fail(running ? Error{.code = ECHILD, .message = "create process: it died"} : running.error());
      return;
    }
    v1::CreateProcessResponse response;
    response.set_guest_pid(static_cast<uint32_t>(self->pid()));
    shared->succeed(response);
  });
  if (!launched) {
    shared->fail(launched.error());
    return;
  }
  *process = *launched;
}

}  // namespace caisson::agent
