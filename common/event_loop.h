// SPDX-License-Identifier: Apache-2.0
// One thread's epoll loop: descriptors, one-shot timers, and work posted from other threads.
// Everything but post(), run_sync() and stop() must be called on the thread that runs the loop, or before
// run().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

class EventLoop {
 public:
  // Called with the EPOLL* bits that are ready.
  using Handler = std::function<void(uint32_t events)>;
  using Task = std::function<void()>;
  using TimerId = uint64_t;

  static Result<std::unique_ptr<EventLoop>> create();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // Watches `fd`, which stays the caller's and must be removed before it is closed.
  // A handler may add, modify or remove any descriptor, itself included.
  Result<void> add(int fd, uint32_t events, Handler handler);
  Result<void> modify(int fd, uint32_t events);
  void remove(int fd);

  // Runs `task` once, `delay` from now. Cancelling an id that has fired is harmless.
  TimerId after(std::chrono::nanoseconds delay, Task task);
  void cancel(TimerId id);

  // Any thread: runs `task` on the loop's thread, in the order posted.
  void post(Task task);

  // Any thread: runs `task` on the loop's thread and waits for its end; on that thread itself (or while no
  // thread runs the loop) it runs at once.
  void run_sync(const Task& task);

  // Dispatches until stop(). Fails only when epoll itself does.
  Result<void> run();

  // Any thread, also from a handler: makes run() return once the current handler has.
  void stop();

  [[nodiscard]] bool is_on_loop_thread() const;

 private:
  struct Watch {
    Handler handler;
    bool removed = false;
  };
  struct Timer {
    TimerId id;
    Task task;
  };

  EventLoop(UniqueFd epoll, UniqueFd wake);

  [[nodiscard]] int next_timeout_ms() const;
  void run_expired_timers();
  void run_posted();
  void wake();

  UniqueFd epoll_;
  UniqueFd wake_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  std::multimap<std::chrono::steady_clock::time_point, Timer> timers_;
  TimerId next_timer_ = 1;

  mutable std::mutex mutex_;  // guards the four below
  std::vector<Task> posted_;
  bool stopping_ = false;
  bool running_ = false;
  std::thread::id thread_;
};

}  // namespace caisson
