// SPDX-License-Identifier: Apache-2.0
#include "common/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <future>

namespace caisson {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return fail_errno("create epoll instance");
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) {
    return fail_errno("create eventfd");
  }
  const int wake_fd = wake.get();
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(wake)));
  TRY(loop->add(wake_fd, EPOLLIN, [wake_fd](uint32_t) {
    uint64_t count = 0;
    // Only resets the counter; what was posted is run by run_posted().
    [[maybe_unused]] const ssize_t n = ::read(wake_fd, &count, sizeof(count));
  }));
  return loop;
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

EventLoop::~EventLoop() = default;

Result<void> EventLoop::add(int fd, uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    return fail_errno("watch descriptor");
  }
  watches_[fd] = std::make_shared<Watch>(Watch{.handler = std::move(handler)});
  return {};
}

Result<void> EventLoop::modify(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) < 0) {
    return fail_errno("change watch of descriptor");
  }
  return {};
}

void EventLoop::remove(int fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) {
    return;
  }
  found->second->removed = true;
  watches_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::after(std::chrono::nanoseconds delay, Task task) {
  const TimerId id = next_timer_++;
  timers_.emplace(std::chrono::steady_clock::now() + delay, Timer{.id = id, .task = std::move(task)});
  return id;
}

void EventLoop::cancel(TimerId id) {
  std::erase_if(timers_, [id](const auto& entry) { return entry.second.id == id; });
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  wake();
}

void EventLoop::run_sync(const Task& task) {
  {
    std::unique_lock lock(mutex_);
    if (!running_ || thread_ == std::this_thread::get_id()) {
      lock.unlock();
      task();
      return;
    }
  }
  std::promise<void> done;
  post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void EventLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
}

bool EventLoop::is_on_loop_thread() const {
  const std::lock_guard lock(mutex_);
  return running_ && thread_ == std::this_thread::get_id();
}

void EventLoop::wake() {
  const uint64_t one = 1;
  // EAGAIN means the counter is full: the loop is awake already.
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof(one));
}

int EventLoop::next_timeout_ms() const {
  if (timers_.empty()) {
    return -1;
  }
  const auto left = timers_.begin()->first - std::chrono::steady_clock::now();
  if (left <= std::chrono::nanoseconds::zero()) {
    return 0;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<decltype(ms)>(ms, INT_MAX));
}

void EventLoop::run_expired_timers() {
  const auto now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const Task task = std::move(timers_.begin()->second.task);
    timers_.erase(timers_.begin());
    task();
  }
}

void EventLoop::run_posted() {
  std::vector<Task> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (const Task& task : batch) {
    task();
  }
}

Result<void> EventLoop::run() {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
    thread_ = std::this_thread::get_id();
  }
  // LIMIT: 64 events a round keep one busy descriptor from starving timers and posted work.
  std::array<epoll_event, 64> ready{};
  Result<void> outcome;
  while (true) {
    run_posted();
    run_expired_timers();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        break;
      }
    }
    const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), next_timeout_ms());
    if (count < 0 && errno != EINTR) {
      outcome = fail_errno("wait for events");
      break;
    }
    // Handlers may remove watches of this very batch: hold the watches, skip the removed.
    std::array<std::shared_ptr<Watch>, 64> batch;
    for (int i = 0; i < count; ++i) {
      const auto found = watches_.find(ready.at(static_cast<size_t>(i)).data.fd);
      if (found != watches_.end()) {
        batch.at(static_cast<size_t>(i)) = found->second;
      }
    }
    for (int i = 0; i < count; ++i) {
      const auto& watch = batch.at(static_cast<size_t>(i));
      if (watch && !watch->removed) {
        watch->handler(ready.at(static_cast<size_t>(i)).events);
      }
    }
  }
  std::vector<Task> leftover;
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    stopping_ = false;
    leftover.swap(posted_);
  }
  // A thread may be waiting in run_sync() for one of these.
  for (const Task& task : leftover) {
    task();
  }
  return outcome;
}

}  // namespace caisson
