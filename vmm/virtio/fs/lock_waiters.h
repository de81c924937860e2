// SPDX-License-Identifier: Apache-2.0
// Locks that have to be waited for. Each has a thread, because the host's kernel has no other way to wait for
// one. The server's own thread goes on meanwhile. Everything except the threads themselves belongs to the
// loop's thread.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <variant>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::fs {

// What to ask the host for: a record lock (F_OFD_SETLK and its kin), or LOCK_SH, LOCK_EX or LOCK_UN of
// flock(2).
using LockRequest = std::variant<struct flock, int>;

// Asks without waiting: EAGAIN if another owner has the lock.
Result<void> ask_for_lock(int fd, const LockRequest& request);

class LockWaiters {
 public:
  // Called on the loop's thread with the ticket, and 0 or an errno.
  using Done = std::function<void(uint64_t ticket, int error)>;

  // Both must outlive this.
  LockWaiters(EventLoop& loop, Done done);
  LockWaiters(const LockWaiters&) = delete;
  LockWaiters& operator=(const LockWaiters&) = delete;
  ~LockWaiters();

  // Begins to wait, and returns the ticket that done() will get. `unique` is the guest's name for the
  // request. ENOLCK if too many wait.
  Result<uint64_t> wait(uint64_t unique, UniqueFd fd, LockRequest request);
  // The guest interrupts that request. The request ends with EINTR, unless it has its lock by then. The
  // interrupt may come before the request, by another queue.
  void interrupt(uint64_t unique);
  // Ends all waiting without calling done().
  void clear();

  [[nodiscard]] size_t size() const { return waiters_.size(); }

 private:
  class Waiter;

  EventLoop* loop_;
  Done done_;
  uint64_t next_ticket_ = 1;
  std::list<std::unique_ptr<Waiter>> waiters_;
  std::deque<uint64_t> early_;  // requests that were interrupted before they came; they may never come
  Scope scope_;                 // of what waits; renewed by clear()
};

}  // namespace caisson::vmm::fs
