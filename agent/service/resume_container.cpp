// SPDX-License-Identifier: Apache-2.0
// ResumeContainer: answers when its processes go on.
#include "agent/service/calls.h"
#include "agent/service/freezer.h"

namespace caisson::agent {
namespace {

Result<void> resume(Agent& agent, const std::string& id, const std::shared_ptr<ttrpc::Responder>& responder) {
  Container* container = TRY(agent.containers().find_created(id));
  return set_frozen(agent, *container, false, [responder] { answer(*responder, {}); });
}

}  // namespace

void resume_container(Agent& agent, const v1::ResumeContainerRequest& request, ttrpc::Responder responder) {
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  if (const auto begun = resume(agent, request.container(), shared); !begun) {
    shared->fail(begun.error());
  }
}

}  // namespace caisson::agent
