// SPDX-License-Identifier: Apache-2.0
// WaitProcess: answers when the process has ended, and only then; a process that does not exist yet is waited
// for.
#include "agent/service/calls.h"

namespace caisson::agent {

void wait_process(Agent& agent, const v1::WaitProcessRequest& request, ttrpc::Responder responder) {
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  const auto waiting = agent.processes().wait(request.process(), [shared](const Result<ExitStatus>& exit) {
    if (!exit) {
      shared->fail(exit.error());
      return;
    }
    v1::WaitProcessResponse response;
    response.set_exit_code(exit->exit_code);
    response.set_signal(exit->signal);
    response.set_out_of_memory(exit->out_of_memory);
    shared->succeed(response);
  });
  if (!waiting) {
    shared->fail(waiting.error());
  }
}

}  // namespace caisson::agent
