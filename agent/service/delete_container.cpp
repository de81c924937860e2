// SPDX-License-Identifier: Apache-2.0
// DeleteContainer: kills what is left and answers when it is gone. Idempotent: a container that is not there
// is deleted already.
#include "agent/service/calls.h"
#include "agent/service/removal.h"

namespace caisson::agent {

void delete_container(Agent& agent, const v1::DeleteContainerRequest& request, ttrpc::Responder responder) {
  const auto found = agent.containers().find(request.container());
  if (!found) {
    answer(responder, {});
    return;
  }
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  remove_container(agent, **found, [shared] { answer(*shared, {}); });
}

}  // namespace caisson::agent
