// SPDX-License-Identifier: Apache-2.0
// The calls of protocol/agent/agent.proto, one file each, and the table that names them. Each answers its
// Responder once, now or later.
#pragma once

#include "agent/service/agent.h"
#include "common/ttrpc/server.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {

ttrpc::Methods methods_of(Agent& agent);

void handshake(Agent& agent, const v1::HandshakeRequest& request, ttrpc::Responder responder);
void create_container(Agent& agent, const v1::CreateContainerRequest& request, ttrpc::Responder responder);
void start_container(Agent& agent, const v1::StartContainerRequest& request, ttrpc::Responder responder);
void delete_container(Agent& agent, const v1::DeleteContainerRequest& request, ttrpc::Responder responder);
void create_process(Agent& agent, const v1::CreateProcessRequest& request, ttrpc::Responder responder);
void signal_process(Agent& agent, const v1::SignalProcessRequest& request, ttrpc::Responder responder);
void wait_process(Agent& agent, const v1::WaitProcessRequest& request, ttrpc::Responder responder);
void resize_tty(Agent& agent, const v1::ResizeTtyRequest& request, ttrpc::Responder responder);
void close_stdin(Agent& agent, const v1::CloseStdinRequest& request, ttrpc::Responder responder);
void list_processes(Agent& agent, const v1::ListProcessesRequest& request, ttrpc::Responder responder);
void read_proc(Agent& agent, const v1::ReadProcRequest& request, ttrpc::Responder responder);
void pause_container(Agent& agent, const v1::PauseContainerRequest& request, ttrpc::Responder responder);
void resume_container(Agent& agent, const v1::ResumeContainerRequest& request, ttrpc::Responder responder);
void update_container(Agent& agent, const v1::UpdateContainerRequest& request, ttrpc::Responder responder);
void grow_machine(Agent& agent, const v1::GrowMachineRequest& request, ttrpc::Responder responder);
void container_stats(Agent& agent, const v1::ContainerStatsRequest& request, ttrpc::Responder responder);
void adjust_clock(Agent& agent, const v1::AdjustClockRequest& request, ttrpc::Responder responder);
void shutdown(Agent& agent, const v1::ShutdownRequest& request, ttrpc::Responder responder);

// Limits and device rules, at creation and at update. The container has a cgroup.
Result<void> apply_resources(const Container& container, const v1::Resources& resources);

// Answers with Empty, or with the error.
void answer(ttrpc::Responder& responder, const Result<void>& outcome);

}  // namespace caisson::agent
