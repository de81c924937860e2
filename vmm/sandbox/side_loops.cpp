// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/side_loops.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace caisson::vmm {

Result<std::unique_ptr<SideLoops>> SideLoops::create() {
  auto files = TRY(EventLoop::create());
  auto agent = TRY(EventLoop::create());
  return std::unique_ptr<SideLoops>(new SideLoops(std::move(files), std::move(agent)));
}

SideLoops::SideLoops(std::unique_ptr<EventLoop> files, std::unique_ptr<EventLoop> agent)
    : files_(std::move(files)), agent_(std::move(agent)) {}

SideLoops::~SideLoops() {
  stop();
}

void SideLoops::start() {
  for (EventLoop* loop : {files_.get(), agent_.get()}) {
    threads_.emplace_back([loop] {
      if (const auto ran = loop->run(); !ran) {
        spdlog::error("{}", ran.error().message);
      }
    });
  }
}

void SideLoops::stop() {
  files_->stop();
  agent_->stop();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

}  // namespace caisson::vmm
