// SPDX-License-Identifier: Apache-2.0
// StartContainer: lets the first process execute its program, and tells whether it could.
#include "agent/service/calls.h"

namespace caisson::agent {

void start_container(Agent& agent, const v1::StartContainerRequest& request, ttrpc::Responder responder) {
  const auto container = agent.containers().find(request.container());
  if (!container) {
    responder.fail(container.error());
    return;
  }
  if (!(*container)->init) {
    responder.fail(Error{.code = EBUSY, .message = "start container: it is not created yet"});
    return;
  }
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  const auto started =
      (*container)->init->start([shared](const Result<void>& running) { answer(*shared, running); });
  if (!started) {
    shared->fail(started.error());
  }
}

}  // namespace caisson::agent
