// SPDX-License-Identifier: Apache-2.0
// One thread's epoll loop: descriptors, one-shot timers, and work posted from other threads.
// Everything but post(), run_sync() and stop() must be called on the thread that runs the loop, or while no
// thread runs it. What becomes of a watch, a timer or a scope whose handler destroys it, that is moved, or
// that outlives the loop is said at each of them.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/scope.h"
#include "common/timer.h"
#include "common/unique_fd.h"
#include "common/watch.h"

namespace caisson {

class EventLoop {
 public:
  // Called with the EPOLL* bits that are ready.
  using Handler = std::function<void(uint32_t events)>;
  using Task = std::function<void()>;

  static Result<std::unique_ptr<EventLoop>> create();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Watches `fd`, which stays the caller's, until the value goes. EEXIST while another watch has it; EPERM
  // when it is a file, which is always ready.
  Result<Watch> watch(int fd, uint32_t events, Handler handler);

  // Runs `task` once, `delay` from now.
  Timer after(std::chrono::nanoseconds delay, Task task);

  // Any thread: runs `task` on the loop's thread, in the order posted; with a scope, unless that has gone.
  void post(Task task);
  void post(const Scope& scope, Task task) { post(scope.bind(std::move(task))); }

  // Any thread: runs `task` on the loop's thread and waits for its end; on that thread itself (or while no
  // thread runs the loop) it runs at once.
  void run_sync(const Task& task);

  // Dispatches until stop(). Fails only when epoll itself does.
  Result<void> run();

  // Any thread, also from a handler: makes run() return once the current handler has.
  void stop();

  [[nodiscard]] bool is_on_loop_thread() const;

 private:
  friend class Watch;
  friend class Timer;
  using Due = std::pair<std::chrono::steady_clock::time_point, uint64_t>;

  EventLoop(UniqueFd epoll, UniqueFd wake);

  void end(const Watch::Entry& entry);
  Result<void> change(Watch::Entry& entry, uint32_t events);
  void cancel(const Timer::Entry& entry);
  [[nodiscard]] int next_timeout_ms() const;
  void dispatch(const epoll_event& event);
  void run_expired_timers();
  void run_posted();
  void wake();

  UniqueFd epoll_;
  UniqueFd wake_;
  std::map<int, std::shared_ptr<Watch::Entry>> watches_;  // by descriptor
  std::map<Due, std::shared_ptr<Timer::Entry>> timers_;
  Watch wake_watch_;
  uint32_t next_watch_ = 0;
  uint64_t next_timer_ = 0;

  mutable std::mutex mutex_;  // guards the four below
  std::vector<Task> posted_;
  bool stopping_ = false;
  bool running_ = false;
  std::thread::id thread_;
};

}  // namespace caisson
