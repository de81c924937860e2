// SPDX-License-Identifier: Apache-2.0
// The host's side of protocol/agent/agent.proto: one method per call, over the sandbox's vsock socket
// (docs/launch.md). Used by runtime/ and caisson-vmm. Blocking, one thread at a time. The agent is foreign.
// Whatever it does, a call ends by its deadline: with a value, or with an Error. The Error's code is the
// errno that the agent named (ESRCH: no such process, ENOENT: no such container or file, …) or ETIMEDOUT,
// ECONNRESET, EPROTO, EMSGSIZE for the connection itself.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/ttrpc/client.h"
#include "common/unique_fd.h"
#include "protocol/agent/stream_hello.h"

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
class CreateProcessRequest;
class HandshakeResponse;
class ListProcessesResponse;
class ReadProcResponse;
class ContainerStatsResponse;
class Resources;
}  // namespace v1

using ttrpc::Deadline;
using ttrpc::kNoDeadline;

[[nodiscard]] inline Deadline deadline_in(std::chrono::nanoseconds delay) {
  return std::chrono::steady_clock::now() + std::chrono::duration_cast<Deadline::duration>(delay);
}

struct ProcessExit {
  uint32_t exit_code = 0;  // 0 … 255; 128+n when signal n ended it
  uint32_t signal = 0;
  bool out_of_memory = false;
};

// A correction of the guest's wall clock: agent.proto, AdjustClockRequest.
struct ClockAdjustment {
  std::chrono::nanoseconds step{0};
  std::chrono::nanoseconds slew{0};
  std::optional<int64_t> rate_ppb;
};

class AgentClient {
 public:
  // Connects to the agent's call port through the Unix socket at `vsock_socket_path` (of any length).
  static Result<AgentClient> connect(std::string_view vsock_socket_path, Deadline deadline);
  // Takes a connection to the call port.
  explicit AgentClient(UniqueFd connection);

  // Fails with EPROTO if the agent speaks no version that the host speaks.
  Result<v1::HandshakeResponse> handshake(Deadline deadline);
  // The first process's pid in the guest.
  Result<uint32_t> create_container(const v1::CreateContainerRequest& request, Deadline deadline);
  Result<void> start_container(std::string_view container, Deadline deadline);
  Result<void> delete_container(std::string_view container, Deadline deadline);
  Result<uint32_t> create_process(const v1::CreateProcessRequest& request, Deadline deadline);
  Result<void> signal_process(std::string_view container, uint64_t process, int signal, Deadline deadline);
  Result<void> signal_all(std::string_view container, int signal, Deadline deadline);
  Result<ProcessExit> wait_process(uint64_t process, Deadline deadline);
  Result<void> resize_tty(uint64_t process, uint32_t rows, uint32_t columns, Deadline deadline);
  Result<void> close_stdin(uint64_t process, Deadline deadline);
  Result<v1::ListProcessesResponse> list_processes(std::string_view container, Deadline deadline);
  Result<void> pause_container(std::string_view container, Deadline deadline);
  Result<void> resume_container(std::string_view container, Deadline deadline);
  Result<void> update_container(std::string_view container, const v1::Resources& resources,
                                Deadline deadline);
  Result<void> grow_machine(std::span<const uint64_t> memory_blocks, uint32_t cpus, Deadline deadline);
  Result<v1::ContainerStatsResponse> container_stats(std::string_view container, Deadline deadline);
  // Returns what the guest's clock then shows. EPROTO for a time that no host's clock shows.
  Result<std::chrono::nanoseconds> adjust_clock(const ClockAdjustment& adjustment, Deadline deadline);
  // The guest resets without answering: only a failure to send is an error.
  Result<void> shutdown(Deadline deadline);

  // wait_process() in two halves, for an event loop that watches fd(): when it is readable, finish.
  Result<uint32_t> start_wait(uint64_t process, Deadline deadline);
  Result<ProcessExit> finish_wait(uint32_t call, Deadline deadline);
  // handshake() in two halves, likewise.
  Result<uint32_t> start_handshake(Deadline deadline);
  Result<v1::HandshakeResponse> finish_handshake(uint32_t call, Deadline deadline);
  // The files of `pid` of the container in /proc. With 0: which processes there are.
  Result<uint32_t> start_read_proc(std::string_view container, uint32_t pid, Deadline deadline);
  Result<v1::ReadProcResponse> finish_read_proc(uint32_t call, Deadline deadline);
  [[nodiscard]] int fd() const { return client_.fd(); }

 private:
  ttrpc::Client client_;
};

// A connection to `port` of the guest, blocking, ready for raw bytes.
Result<UniqueFd> connect_guest_port(std::string_view vsock_socket_path, uint32_t port, Deadline deadline);

// A process's streams, in order: bytes flow raw, shutdown(SHUT_WR) is end of file. May be opened before the
// process is created. Several are requested before the first answer is awaited, so that the guest answers
// them in one go.
Result<std::vector<UniqueFd>> open_streams(std::string_view vsock_socket_path,
                                           std::span<const StreamHello> hellos, Deadline deadline);

}  // namespace caisson::agent
