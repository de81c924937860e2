// SPDX-License-Identifier: Apache-2.0
// Where vCPU threads and the rest of the process meet: pause, resume, stop, and calls from a vCPU thread to
// an event loop. It keeps them from waiting for each other in a circle: a thread that
// waits for vCPUs to rest runs the calls for which those vCPUs wait.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "common/event_loop.h"
#include "vmm/kvm/vcpu.h"

namespace caisson::vmm {

class VcpuGate {
 public:
  using Task = std::function<void()>;

  // `count` threads will arrive.
  explicit VcpuGate(size_t count) : expected_(count) {}

  // vCPU threads. arrive() first and leave() last; enter() before each KVM_RUN: waits while paused, and is
  // false when the vCPU shall not run again.
  void arrive(const Vcpu& vcpu);
  [[nodiscard]] bool enter(const Vcpu& vcpu);
  void leave(const Vcpu& vcpu);
  // Runs `task` on the thread of `loop` and returns when it is done. On any thread.
  void call(EventLoop& loop, const Task& task);

  // Other threads. pause() and stop() return when no vCPU runs guest code; request_stop() does not wait.
  void pause();
  void resume();
  void stop();
  void request_stop();

 private:
  enum class Want { run, pause, stop };
  struct Present {
    const Vcpu* vcpu;
    pthread_t thread;
  };
  struct Call {
    EventLoop* loop;
    const Task* task;  // the caller's; gone once is_done
    std::atomic<bool> is_taken = false;
    bool is_done = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  void want(Want wanted);
  void finish(Call& call);
  template <typename Condition>
  void wait_serving_calls(Lock& lock, Condition condition);

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  const size_t expected_;
  Want want_ = Want::run;
  std::vector<Present> present_;
  size_t parked_ = 0;
  size_t left_ = 0;
  std::list<std::shared_ptr<Call>> calls_;
};

}  // namespace caisson::vmm
