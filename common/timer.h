// SPDX-License-Identifier: Apache-2.0
// A task that an EventLoop runs later, once, unless this value goes before. Made by EventLoop::after().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace caisson {

class EventLoop;

// Every member, the destructor too, is for the loop's thread, or for a time when no thread runs the loop.
//
// * A task may do anything to any timer of its loop. By the time it runs its own timer is empty: to destroy
//   it, or to set it anew, harms nothing, and what the task captured goes after it has returned.
// * A moved timer goes on; the value that it was moved from is empty. A timer that a value held before
//   another is moved into it is cancelled.
// * A loop that goes first destroys the tasks that are left, unrun. A timer of it is empty from then on.
class [[nodiscard]] Timer {
 public:
  // Empty.
  Timer() = default;
  Timer(Timer&& other) noexcept = default;
  Timer& operator=(Timer&& other) noexcept;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  void cancel();
  // Whether the task is still to come.
  [[nodiscard]] bool is_pending() const { return !entry_.expired(); }

 private:
  friend class EventLoop;
  // What the loop keeps of it.
  struct Entry {
    EventLoop* loop;
    std::chrono::steady_clock::time_point due;
    uint64_t serial;  // of two that are due at the same time the first made is the first to run
    std::function<void()> task;
  };
  explicit Timer(std::weak_ptr<Entry> entry) : entry_(std::move(entry)) {}

  std::weak_ptr<Entry> entry_;  // the loop's
};

}  // namespace caisson
