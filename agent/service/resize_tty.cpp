// SPDX-License-Identifier: Apache-2.0
// ResizeTty: the window size of a process's terminal; the kernel sends SIGWINCH.
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<void> resize(Agent& agent, const v1::ResizeTtyRequest& request) {
  return TRY(agent.processes().find(request.process()))
      ->streams()
      .resize(request.size().rows(), request.size().columns());
}

}  // namespace

void resize_tty(Agent& agent, const v1::ResizeTtyRequest& request, ttrpc::Responder responder) {
  answer(responder, resize(agent, request));
}

}  // namespace caisson::agent
