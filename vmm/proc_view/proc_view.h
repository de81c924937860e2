// SPDX-License-Identifier: Apache-2.0
// The container's processes as the host sees them at /proc (docs/launch.md): the mount, and behind it the
// server and its questions to the agent, which live on the agent's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent_client.h"
#include "vmm/jail/host_view.h"
#include "vmm/proc_view/guest_proc.h"
#include "vmm/proc_view/server.h"

namespace caisson::vmm {

class ProcView {
 public:
  // Makes the mount, in place of the blank that `view` has at /proc. Null if `view` has none, or the host has
  // no FUSE. The view then stays as it was, and the log says why.
  static std::unique_ptr<ProcView> show(HostView& view);
  ProcView(const ProcView&) = delete;
  ProcView& operator=(const ProcView&) = delete;
  // From then on readers get errors. Call it on the main loop's thread. The agent's loop may run.
  ~ProcView();

  struct Place {
    EventLoop* main_loop = nullptr;   // where `connect` is called
    EventLoop* agent_loop = nullptr;  // both outlive the view
    std::string container;
    std::function<Result<agent::AgentClient>()> connect;  // called only when somebody reads
  };
  // Call it once, before the agent's loop runs.
  Result<void> serve(Place place);

  // Between suspend() and resume() caisson-vmm itself has stopped the machine, so no answer is due.
  void suspend();
  void resume();

 private:
  explicit ProcView(UniqueFd device) : device_(std::move(device)) {}
  void connect();

  UniqueFd device_;  // until it is served
  Place place_;
  std::unique_ptr<ProcServer> server_;
  std::unique_ptr<GuestProc> guest_;
};

}  // namespace caisson::vmm
