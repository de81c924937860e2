// SPDX-License-Identifier: Apache-2.0
#include "agent/service/calls.h"
#include "protocol/agent/names.h"

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
      {method::kHandshake, bind(agent, handshake)},
      {method::kCreateContainer, bind(agent, create_container)},
      {method::kStartContainer, bind(agent, start_container)},
      {method::kDeleteContainer, bind(agent, delete_container)},
      {method::kCreateProcess, bind(agent, create_process)},
      {method::kSignalProcess, bind(agent, signal_process)},
      {method::kWaitProcess, bind(agent, wait_process)},
      {method::kResizeTty, bind(agent, resize_tty)},
      {method::kCloseStdin, bind(agent, close_stdin)},
      {method::kListProcesses, bind(agent, list_processes)},
      {method::kReadProc, bind(agent, read_proc)},
      {method::kPauseContainer, bind(agent, pause_container)},
      {method::kResumeContainer, bind(agent, resume_container)},
      {method::kUpdateContainer, bind(agent, update_container)},
      {method::kGrowMachine, bind(agent, grow_machine)},
      {method::kContainerStats, bind(agent, container_stats)},
      {method::kAdjustClock, bind(agent, adjust_clock)},
      {method::kShutdown, bind(agent, shutdown)},
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
