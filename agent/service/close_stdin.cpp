// SPDX-License-Identifier: Apache-2.0
// CloseStdin: end of file for the process, after what the host has sent already.
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<void> close(Agent& agent, const v1::CloseStdinRequest& request) {
  return TRY(agent.processes().find(request.process()))->streams().close_stdin();
}

}  // namespace

void close_stdin(Agent& agent, const v1::CloseStdinRequest& request, ttrpc::Responder responder) {
  answer(responder, close(agent, request));
}

}  // namespace caisson::agent
