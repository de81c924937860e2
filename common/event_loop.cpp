// SPDX-License-Identifier: Apache-2.0
#include "common/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <future>

namespace caisson {
namespace {

// What epoll gives back with each event: number and serial of the watch.
epoll_event event_of(int fd, uint32_t serial, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = uint64_t{serial} << 32 | static_cast<uint32_t>(fd);
  return event;
}

}  // namespace

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
  loop->wake_watch_ = TRY(loop->watch(wake_fd, EPOLLIN, [wake_fd](uint32_t) {
    uint64_t count = 0;
    // Only resets the counter; what was posted is run by run_posted().
    [[maybe_unused]] const ssize_t n = ::read(wake_fd, &count, sizeof(count));
  }));
  return loop;
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

// What handlers and tasks own may hold watches and timers of this loop, and ends them meanwhile.
EventLoop::~EventLoop() {
  const auto watches = std::exchange(watches_, {});
  const auto timers = std::exchange(timers_, {});
  const auto posted = std::exchange(posted_, {});
}

Result<Watch> EventLoop::watch(int fd, uint32_t events, Handler handler) {
  const auto entry = std::make_shared<Watch::Entry>(Watch::Entry{
      .loop = this, .fd = fd, .serial = next_watch_++, .events = events, .handler = std::move(handler)});
  epoll_event event = event_of(fd, entry->serial, events);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    return fail_errno("watch descriptor");
  }
  // An older one of that number is of a descriptor that was closed: the kernel has forgotten it.
  const auto older = std::exchange(watches_[fd], entry);
  return Watch(entry);
}

Result<void> EventLoop::change(Watch::Entry& entry, uint32_t events) {
  epoll_event event = event_of(entry.fd, entry.serial, events);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, entry.fd, &event) < 0) {
    return fail_errno("change watch of descriptor");
  }
  entry.events = events;
  return {};
}

void EventLoop::end(const Watch::Entry& entry) {
  const auto found = watches_.find(entry.fd);
  if (found == watches_.end() || found->second.get() != &entry) {
    return;  // the loop is going, or the number is another's by now
  }
  watches_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, entry.fd, nullptr);
}

Timer EventLoop::after(std::chrono::nanoseconds delay, Task task) {
  const auto entry =
      std::make_shared<Timer::Entry>(Timer::Entry{.loop = this,
                                                  .due = std::chrono::steady_clock::now() + delay,
                                                  .serial = next_timer_++,
                                                  .task = std::move(task)});
  timers_.emplace(Due(entry->due, entry->serial), entry);
  return Timer(entry);
}

void EventLoop::cancel(const Timer::Entry& entry) {
  timers_.erase(Due(entry.due, entry.serial));
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  wake();
}

void EventLoop::run_sync(const Task& task) {
  std::promise<void> done;
  {
    std::unique_lock lock(mutex_);
    if (!running_ || thread_ == std::this_thread::get_id()) {
      lock.unlock();
      task();
      return;
    }
    // ORDERING: under the same lock as the question: a loop that ends in between would never run it.
    posted_.emplace_back([&] {
      task();
      done.set_value();
    });
  }
  wake();
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
  const auto left = timers_.begin()->first.first - std::chrono::steady_clock::now();
  if (left <= std::chrono::nanoseconds::zero()) {
    return 0;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<decltype(ms)>(ms, INT_MAX));
}

void EventLoop::run_expired_timers() {
  const auto now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const Task task = std::move(timers_.begin()->second->task);
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

// A handler of the same round may have ended the watch, and even given the number to another.
void EventLoop::dispatch(const epoll_event& event) {
  const auto found = watches_.find(static_cast<int>(event.data.u64 & UINT32_MAX));
  if (found == watches_.end() || found->second->serial != event.data.u64 >> 32) {
    return;
  }
  const auto entry = found->second;  // stays while its handler runs
  entry->handler(event.events);
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
    for (int i = 0; i < count; ++i) {
      dispatch(ready.at(static_cast<size_t>(i)));
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
