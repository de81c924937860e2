// SPDX-License-Identifier: Apache-2.0
// The event loops beside the main one, each with a thread: the loop of the file server, whose I/O may block,
// and the loop of calls to the agent, which a stranger answers. The sandbox makes and ends them.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"

namespace caisson::vmm {

class SideLoops {
 public:
  static Result<std::unique_ptr<SideLoops>> create();
  SideLoops(const SideLoops&) = delete;
  SideLoops& operator=(const SideLoops&) = delete;
  ~SideLoops();

  [[nodiscard]] EventLoop& files() { return *files_; }
  [[nodiscard]] EventLoop& agent() { return *agent_; }

  // Call it once. Until then nothing on the loops runs.
  void start();
  // Returns when both threads have ended. The loops stay, for objects that are attached to them.
  void stop();

 private:
  SideLoops(std::unique_ptr<EventLoop> files, std::unique_ptr<EventLoop> agent);

  std::unique_ptr<EventLoop> files_;
  std::unique_ptr<EventLoop> agent_;
  std::vector<std::thread> threads_;
};

}  // namespace caisson::vmm
