// SPDX-License-Identifier: Apache-2.0
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

template <typename Request>
ttrpc::Handler bind(Agent& agent, void (*call)(Agent&, const Request&, ttrpc::Responder)) {
  return ttrpc::handler_of<Request>([&agent, call](const Request& request, ttrpc::Responder responder) {
    call(agent, request, std::move(responder));
  });
}

}  // namespace

ttrpc::Methods methods_of(Agent& agent) {
  return {
      {"Handshake", bind(agent, handshake)},
      {"CreateContainer", bind(agent, create_container)},
      {"StartContainer", bind(agent, start_container)},
      {"DeleteContainer", bind(agent, delete_container)},
      {"CreateProcess", bind(agent, create_process)},
      {"SignalProcess", bind(agent, signal_process)},
      {"WaitProcess", bind(agent, wait_process)},
      {"ResizeTty", bind(agent, resize_tty)},
      {"CloseStdin", bind(agent, close_stdin)},
      {"ListProcesses", bind(agent, list_processes)},
      {"ReadProc", bind(agent, read_proc)},
      {"PauseContainer", bind(agent, pause_container)},
      {"ResumeContainer", bind(agent, resume_container)},
      {"UpdateContainer", bind(agent, update_container)},
      {"GrowMachine", bind(agent, grow_machine)},
      {"ContainerStats", bind(agent, container_stats)},
      {"AdjustClock", bind(agent, adjust_clock)},
      {"Shutdown", bind(agent, shutdown)},
  };
}

void answer(ttrpc::Responder& responder, const Result<void>& outcome) {
  if (outcome) {
    responder.succeed(v1::Empty());
  } else {
    responder.fail(outcome.error());
  }
}

}  // namespace caisson::agent
