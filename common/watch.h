// SPDX-License-Identifier: Apache-2.0
// A descriptor that an EventLoop watches, for as long as this value lives. Made by EventLoop::watch().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/result.h"

namespace caisson {

class EventLoop;

// Every member, the destructor too, is for the loop's thread, or for a time when no thread runs the loop.
//
// * A handler may do anything to any watch of its loop. A handler that ends its own watch, or destroys the
//   object that holds it, runs on to its end: what it captured goes after it has returned. A watch that has
//   ended is not heard of again, not even what was ready in the same round.
// * A moved watch goes on; the value that it was moved from watches nothing. What a value watched before
//   something is moved into it ends.
// * A loop that goes first ends its watches and destroys their handlers. A watch of it is empty from then on.
// * The watch goes before its descriptor is closed: a class has the watch behind the descriptor. If that is
//   closed first it is not heard of again, and its number may be watched anew, which leaves the older watch
//   empty. That holds only where nobody has a duplicate: the kernel goes on to report those ([epoll(7)]
//   "Questions and answers", 6), and then the loop never sleeps.
class [[nodiscard]] Watch {
 public:
  // Watches nothing.
  Watch() = default;
  Watch(Watch&& other) noexcept = default;
  Watch& operator=(Watch&& other) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { reset(); }

  // Ends it.
  void reset();
  // Waits for other events from now on. The same events cost nothing, unless they are edges or one-shot:
  // those are armed anew. EBADF if this watches nothing.
  Result<void> modify(uint32_t events);
  // Whether it watches anything.
  explicit operator bool() const { return !entry_.expired(); }

 private:
  friend class EventLoop;
  // What the loop keeps of it.
  struct Entry {
    EventLoop* loop;
    int fd;
    uint32_t serial;  // tells it from another watch of the same number
    uint32_t events;
    std::function<void(uint32_t events)> handler;
  };
  explicit Watch(std::weak_ptr<Entry> entry) : entry_(std::move(entry)) {}

  std::weak_ptr<Entry> entry_;  // the loop's
};

}  // namespace caisson
