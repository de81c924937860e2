// SPDX-License-Identifier: Apache-2.0
// PauseContainer: answers when every process has stopped.
#include "agent/service/calls.h"
#include "agent/service/freezer.h"

namespace caisson::agent {
namespace {

Result<void> pause(Agent& agent, const std::string& id, const std::shared_ptr<ttrpc::Responder>& responder) {
  Container* container = TRY(agent.containers().find_created(id));
  return set_frozen(agent, *container, true, [responder] { answer(*responder, {}); });
}

}  // namespace

void pause_container(Agent& agent, const v1::PauseContainerRequest& request, ttrpc::Responder responder) {
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  if (const auto begun = pause(agent, request.container(), shared); !begun) {
    shared->fail(begun.error());
  }
}

}  // namespace caisson::agent
