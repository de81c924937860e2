// SPDX-License-Identifier: Apache-2.0
// The container's first process, from the host: ties its stdio to streams of the guest, learns of its end,
// passes signals and window sizes on. Calls to the agent block, and a stranger answers them. So they run on a
// loop (and thread) of their own. Everything else runs on the main loop, the callbacks too.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/event_loop.h"
#include "protocol/agent/agent_client.h"
#include "protocol/agent/names.h"
#include "vmm/sandbox/stdio.h"
#include "vmm/virtio/vsock/muxer.h"

namespace caisson::vmm {

class InitProcess {
 public:
  // Gets how the process ended, or why that cannot be known any more.
  using EndHandler = std::function<void(Result<agent::ProcessExit>)>;

  // `main_loop` carries the vsock device; `agent_loop` is run by another thread. Both outlive the object.
  InitProcess(EventLoop& main_loop, EventLoop& agent_loop, vsock::Muxer& muxer, uint64_t process);
  InitProcess(const InitProcess&) = delete;
  InitProcess& operator=(const InitProcess&) = delete;
  ~InitProcess();

  // To be called when the agent is ready. `first` may call it on the agent loop, before anything else that
  // needs an answer. `on_end` is called once: when the process has ended and all its output has been
  // delivered.
  Result<void> attach(std::vector<StdioStream> stdio, std::function<void(agent::AgentClient&)> first,
                      EndHandler on_end);

  // Another connection to the agent's calls.
  Result<agent::AgentClient> connect() { return agent::AgentClient(TRY(dial(agent::kRpcPort))); }

  // Both are passed on in order. A refusal of the agent's (the process has gone) is logged.
  void signal(std::string container, int number);
  void resize(uint16_t rows, uint16_t columns);

 private:
  Result<UniqueFd> dial(uint32_t port);
  Result<void> open_stream(StdioStream stdio);
  void wait_on_agent_loop();
  void finish_wait(uint32_t call);
  void settle();
  // Runs `task` on the agent loop.
  void call(std::function<void(agent::AgentClient&)> task);

  EventLoop& main_loop_;
  EventLoop& agent_loop_;
  vsock::Muxer& muxer_;
  uint64_t process_;
  EndHandler on_end_;
  size_t open_outputs_ = 0;
  std::optional<Result<agent::ProcessExit>> exit_;
  // Rows and columns, 16 bits each, that the guest is still to be told; 0: none. Set by the main loop, taken
  // by the agent loop.
  std::atomic<uint32_t> new_size_{0};

  // Used on the agent loop only.
  std::unique_ptr<agent::AgentClient> waiter_;
  Watch end_watch_;  // of waiter_
};

}  // namespace caisson::vmm
