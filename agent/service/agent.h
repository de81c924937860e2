// SPDX-License-Identifier: Apache-2.0
// The agent as a whole: one event loop, one table of containers, one of processes, its two ports and the
// event stream. Made by main(); the calls in this folder work on it. One thread.
#pragma once

#include <memory>
#include <string>

#include "agent/container/container.h"
#include "agent/events/event_stream.h"
#include "agent/process/process_table.h"
#include "agent/service/stream_port.h"
#include "common/event_loop.h"
#include "common/ttrpc/server.h"
#include "protocol/agent/names.h"

namespace caisson::agent {

// Addresses and paths. The defaults are the guest's; tests use others.
struct AgentOptions {
  std::string rpc_address = "vsock:" + std::to_string(kRpcPort);
  std::string stream_address = "vsock:" + std::to_string(kStreamPort);
  std::string event_address = "vsock:2:" + std::to_string(kEventPort);  // 2 is the host
  std::string host_address = "vsock:2:";                                // and a port: the host's sockets
  std::string exports = "/run/caisson/exports";
  std::string run_directory = "/run/caisson";
  std::string cgroup_root = "/sys/fs/cgroup";  // empty: containers get no cgroup
  bool is_guest_init = false;                  // sets the machine up, and may reset it
};

class Agent {
 public:
  static Result<std::unique_ptr<Agent>> create(EventLoop& loop, AgentOptions options);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Tells the host that calls are served from now on. `tsc_at_start` was read at the program's first
  // instruction.
  void announce_ready(uint64_t tsc_at_start);
  // Collects ended children, whenever SIGCHLD came.
  void reap() { processes_.reap(); }
  // Tells the host of new out-of-memory kills in the container.
  void note_memory_events(Container& container);
  // Mounts the host's exports unless they are.
  Result<void> mount_exports();

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] const AgentOptions& options() const { return options_; }
  [[nodiscard]] EventStream& events() { return *events_; }
  [[nodiscard]] ContainerTable& containers() { return containers_; }
  [[nodiscard]] ProcessTable& processes() { return processes_; }

 private:
  Agent(EventLoop& loop, AgentOptions options);
  void note_exit(Process& process);
  void end_container(Container& container);

  EventLoop& loop_;
  AgentOptions options_;
  ContainerTable containers_;
  ProcessTable processes_;
  bool exports_mounted_ = false;
  std::unique_ptr<EventStream> events_;
  std::unique_ptr<StreamPort> streams_;
  std::unique_ptr<ttrpc::Server> server_;
};

}  // namespace caisson::agent
