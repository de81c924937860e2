// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/vcpu_gate.h"

#include <algorithm>

namespace caisson::vmm {

void VcpuGate::arrive(const Vcpu& vcpu) {
  const Lock lock(mutex_);
  present_.push_back({.vcpu = &vcpu, .thread = ::pthread_self()});
}

bool VcpuGate::enter(const Vcpu& vcpu) {
  Lock lock(mutex_);
  if (want_ == Want::pause) {
    ++parked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return want_ != Want::pause; });
    --parked_;
    vcpu.tell_guest_it_was_paused();
  }
  // Within the lock: a request made after it is not lost.
  vcpu.clear_exit_request();
  return want_ == Want::run;
}

void VcpuGate::leave(const Vcpu& vcpu) {
  const Lock lock(mutex_);
  std::erase_if(present_, [&vcpu](const Present& each) { return each.vcpu == &vcpu; });
  ++left_;
  changed_.notify_all();
}

void VcpuGate::call(EventLoop& loop, const Task& task) {
  if (loop.is_on_loop_thread()) {
    task();
    return;
  }
  const auto call = std::make_shared<Call>();
  call->loop = &loop;
  call->task = &task;
  Lock lock(mutex_);
  calls_.push_back(call);
  changed_.notify_all();
  loop.post([this, call] {
    // Taken by another, the call may be over and this gate gone.
    if (!call->is_taken.exchange(true)) {
      (*call->task)();
      finish(*call);
    }
  });
  changed_.wait(lock, [&call] { return call->is_done; });
  calls_.remove(call);
}

void VcpuGate::finish(Call& call) {
  const Lock lock(mutex_);
  call.is_done = true;
  changed_.notify_all();
}

template <typename Condition>
void VcpuGate::wait_serving_calls(Lock& lock, Condition condition) {
  while (!condition()) {
    const auto found = std::ranges::find_if(calls_, [](const auto& call) { return !call->is_taken; });
    if (found == calls_.end()) {
      changed_.wait(lock);
      continue;
    }
    const std::shared_ptr<Call> call = *found;
    lock.unlock();
    if (!call->is_taken.exchange(true)) {
      // At once where this is the loop's thread or none runs it; else that thread does it, which waits for
      // nobody.
      call->loop->run_sync(*call->task);
      finish(*call);
    }
    lock.lock();
  }
}

void VcpuGate::want(Want wanted) {
  if (want_ == Want::stop) {
    return;
  }
  want_ = wanted;
  if (wanted != Want::run) {
    for (const Present& each : present_) {
      each.vcpu->request_exit(each.thread);
    }
  }
  changed_.notify_all();
}

void VcpuGate::pause() {
  Lock lock(mutex_);
  want(Want::pause);
  wait_serving_calls(lock, [this] { return parked_ + left_ >= expected_ || want_ != Want::pause; });
}

void VcpuGate::resume() {
  const Lock lock(mutex_);
  want(Want::run);
}

void VcpuGate::request_stop() {
  const Lock lock(mutex_);
  want(Want::stop);
}

void VcpuGate::stop() {
  Lock lock(mutex_);
  want(Want::stop);
  wait_serving_calls(lock, [this] { return left_ >= expected_; });
}

}  // namespace caisson::vmm
