// SPDX-License-Identifier: Apache-2.0
#include "protocol/agent/agent_client.h"

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/names.h"

namespace caisson::agent {
namespace {

// A request that names nothing but the container.
template <typename Request>
Request about(std::string_view container) {
  Request request;
  request.set_container(std::string(container));
  return request;
}

Result<void> call_empty(ttrpc::Client& client, std::string_view method,
                        const google::protobuf::MessageLite& request, Deadline deadline) {
  v1::Empty nothing;
  return client.call(method, request, nothing, deadline);
}

ProcessExit exit_of(const v1::WaitProcessResponse& response) {
  // The exit code becomes our own exit code: no foreign bits beyond the eight it has.
  return ProcessExit{.exit_code = response.exit_code() & 0xff,
                     .signal = response.signal() & 0x7f,
                     .out_of_memory = response.out_of_memory()};
}

}  // namespace

AgentClient::AgentClient(UniqueFd connection) : client_(std::move(connection), kService) {}

Result<AgentClient> AgentClient::connect(std::string_view vsock_socket_path, Deadline deadline) {
  return AgentClient(
      TRY_CONTEXT("connect to the agent", connect_guest_port(vsock_socket_path, kRpcPort, deadline)));
}

Result<v1::HandshakeResponse> AgentClient::handshake(Deadline deadline) {
  return finish_handshake(TRY(start_handshake(deadline)), deadline);
}

Result<uint32_t> AgentClient::start_handshake(Deadline deadline) {
  v1::HandshakeRequest request;
  request.set_protocol(kProtocol);
  return client_.start(method::kHandshake, request, deadline);
}

Result<v1::HandshakeResponse> AgentClient::finish_handshake(uint32_t call, Deadline deadline) {
  v1::HandshakeResponse response;
  TRY(client_.finish(call, response, deadline));
  if (response.protocol() != kProtocol) {
    return fail(EPROTO, "shake hands with the agent: it speaks version " +
                            std::to_string(response.protocol()) + ", we need " + std::to_string(kProtocol) +
                            "; reinstall caisson so that runtime and guest image match");
  }
  return response;
}

Result<uint32_t> AgentClient::create_container(const v1::CreateContainerRequest& request, Deadline deadline) {
  v1::CreateContainerResponse response;
  TRY(client_.call(method::kCreateContainer, request, response, deadline));
  return response.guest_pid();
}

Result<void> AgentClient::start_container(std::string_view container, Deadline deadline) {
  return call_empty(client_, method::kStartContainer, about<v1::StartContainerRequest>(container), deadline);
}

Result<void> AgentClient::delete_container(std::string_view container, Deadline deadline) {
  return call_empty(client_, method::kDeleteContainer, about<v1::DeleteContainerRequest>(container),
                    deadline);
}

Result<uint32_t> AgentClient::create_process(const v1::CreateProcessRequest& request, Deadline deadline) {
  v1::CreateProcessResponse response;
  TRY(client_.call(method::kCreateProcess, request, response, deadline));
  return response.guest_pid();
}

Result<void> AgentClient::signal_process(std::string_view container, uint64_t process, int signal,
                                         Deadline deadline) {
  auto request = about<v1::SignalProcessRequest>(container);
  request.set_process(process);
  request.set_signal(static_cast<uint32_t>(signal));
  return call_empty(client_, method::kSignalProcess, request, deadline);
}

Result<void> AgentClient::signal_all(std::string_view container, int signal, Deadline deadline) {
  auto request = about<v1::SignalProcessRequest>(container);
  request.set_all(true);
  request.set_signal(static_cast<uint32_t>(signal));
  return call_empty(client_, method::kSignalProcess, request, deadline);
}

Result<ProcessExit> AgentClient::wait_process(uint64_t process, Deadline deadline) {
  return finish_wait(TRY(start_wait(process, deadline)), deadline);
}

Result<uint32_t> AgentClient::start_wait(uint64_t process, Deadline deadline) {
  v1::WaitProcessRequest request;
  request.set_process(process);
  return client_.start(method::kWaitProcess, request, deadline);
}

Result<ProcessExit> AgentClient::finish_wait(uint32_t call, Deadline deadline) {
  v1::WaitProcessResponse response;
  TRY(client_.finish(call, response, deadline));
  return exit_of(response);
}

Result<void> AgentClient::resize_tty(uint64_t process, uint32_t rows, uint32_t columns, Deadline deadline) {
  v1::ResizeTtyRequest request;
  request.set_process(process);
  request.mutable_size()->set_rows(rows);
  request.mutable_size()->set_columns(columns);
  return call_empty(client_, method::kResizeTty, request, deadline);
}

Result<void> AgentClient::close_stdin(uint64_t process, Deadline deadline) {
  v1::CloseStdinRequest request;
  request.set_process(process);
  return call_empty(client_, method::kCloseStdin, request, deadline);
}

Result<v1::ListProcessesResponse> AgentClient::list_processes(std::string_view container, Deadline deadline) {
  v1::ListProcessesResponse response;
  TRY(client_.call(method::kListProcesses, about<v1::ListProcessesRequest>(container), response, deadline));
  return response;
}

Result<uint32_t> AgentClient::start_read_proc(std::string_view container, uint32_t pid, Deadline deadline) {
  auto request = about<v1::ReadProcRequest>(container);
  request.set_pid(pid);
  return client_.start(method::kReadProc, request, deadline);
}

Result<v1::ReadProcResponse> AgentClient::finish_read_proc(uint32_t call, Deadline deadline) {
  v1::ReadProcResponse response;
  TRY(client_.finish(call, response, deadline));
  return response;
}

Result<void> AgentClient::pause_container(std::string_view container, Deadline deadline) {
  return call_empty(client_, method::kPauseContainer, about<v1::PauseContainerRequest>(container), deadline);
}

Result<void> AgentClient::resume_container(std::string_view container, Deadline deadline) {
  return call_empty(client_, method::kResumeContainer, about<v1::ResumeContainerRequest>(container),
                    deadline);
}

Result<void> AgentClient::update_container(std::string_view container, const v1::Resources& resources,
                                           Deadline deadline) {
  auto request = about<v1::UpdateContainerRequest>(container);
  *request.mutable_resources() = resources;
  return call_empty(client_, method::kUpdateContainer, request, deadline);
}

Result<void> AgentClient::grow_machine(std::span<const uint64_t> memory_blocks, uint32_t cpus,
                                       Deadline deadline) {
  v1::GrowMachineRequest request;
  request.mutable_memory_blocks()->Add(memory_blocks.begin(), memory_blocks.end());
  request.set_cpus(cpus);
  return call_empty(client_, method::kGrowMachine, request, deadline);
}

Result<v1::ContainerStatsResponse> AgentClient::container_stats(std::string_view container,
                                                                Deadline deadline) {
  v1::ContainerStatsResponse response;
  TRY(client_.call(method::kContainerStats, about<v1::ContainerStatsRequest>(container), response, deadline));
  return response;
}

Result<std::chrono::nanoseconds> AgentClient::adjust_clock(const ClockAdjustment& adjustment,
                                                           Deadline deadline) {
  v1::AdjustClockRequest request;
  request.set_step_ns(adjustment.step.count());
  request.set_slew_ns(adjustment.slew.count());
  if (adjustment.rate_ppb) {
    request.set_rate_ppb(*adjustment.rate_ppb);
  }
  v1::AdjustClockResponse response;
  TRY(client_.call(method::kAdjustClock, request, response, deadline));
  // LIMIT: until 2116. The difference of two such times is a number, too.
  constexpr int64_t kLatest = int64_t{1} << 62;
  if (response.time_ns() < 0 || response.time_ns() > kLatest) {
    return fail(EPROTO, "read the guest's clock: it shows no time of this age");
  }
  return std::chrono::nanoseconds(response.time_ns());
}

Result<void> AgentClient::shutdown(Deadline deadline) {
  TRY(client_.start(method::kShutdown, v1::ShutdownRequest(), deadline));
  return {};
}

}  // namespace caisson::agent
