// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/lock_waiters.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <semaphore>
#include <thread>

#include "vmm/fuse/wire.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;

namespace {

// SIGRTMIN itself is that of the vCPUs.
int wake_signal() {
  return SIGRTMIN + 1;
}

// Where the thread at hand goes when it is interrupted; null unless it is about to wait, or waits.
thread_local sigjmp_buf* way_out = nullptr;

void on_wake(int /*signal*/) {
  if (way_out != nullptr) {
    ::siglongjmp(*way_out, 1);
  }
}

int ask(int fd, const LockRequest& request, bool wait) {
  if (const auto* operation = std::get_if<int>(&request)) {
    return ::flock(fd, wait ? *operation : *operation | LOCK_NB) == 0 ? 0 : errno;
  }
  struct flock range = std::get<struct flock>(request);
  return ::fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

// A signal that comes between the look at `is_wanted` and the wait would be lost if its handler only
// returned: it jumps. Nothing between here and there has a destructor.
int wait_for(int fd, const LockRequest& request, const std::atomic<bool>& is_wanted) {
  sigjmp_buf here;
  if (sigsetjmp(here, 1) != 0) {
    way_out = nullptr;
    return EINTR;
  }
  way_out = &here;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const int error = is_wanted.load() ? ask(fd, request, true) : EINTR;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  way_out = nullptr;
  return error;
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_handler = on_wake;
    ::sigaction(wake_signal(), &action, nullptr);
  });
}

}  // namespace

Result<void> ask_for_lock(int fd, const LockRequest& request) {
  const int error = ask(fd, request, false);
  if (error != 0) {
    return refuse(error == EACCES || error == EWOULDBLOCK ? EAGAIN : error);
  }
  return {};
}

class LockWaiters::Waiter {
 public:
  Waiter(uint64_t ticket, uint64_t unique, UniqueFd fd, LockRequest request)
      : ticket_(ticket), unique_(unique), fd_(std::move(fd)), request_(request) {}
  // Ends at once after interrupt(). Asks again all the same: ThreadSanitizer holds signals back until the
  // thread is seen waiting.
  ~Waiter() {
    while (thread_.joinable() && !ended_.try_acquire_for(std::chrono::milliseconds(20))) {
      interrupt();
    }
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // `done` is called on the thread.
  void start(std::function<void(int error)> done) {
    thread_ = std::thread([this, done = std::move(done)] {
      sigset_t set;
      ::sigemptyset(&set);
      ::sigaddset(&set, wake_signal());
      ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
      const int error = wait_for(fd_.get(), request_, is_wanted_);
      // Whoever interrupts from here on finds nothing to do.
      ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
      done(error);
      ended_.release();
    });
  }
  void interrupt() {
    is_wanted_ = false;
    ::pthread_kill(thread_.native_handle(), wake_signal());
  }

  [[nodiscard]] uint64_t ticket() const { return ticket_; }
  [[nodiscard]] uint64_t unique() const { return unique_; }

 private:
  uint64_t ticket_;
  uint64_t unique_;
  UniqueFd fd_;
  LockRequest request_;
  std::atomic<bool> is_wanted_ = true;
  std::binary_semaphore ended_{0};
  std::thread thread_;
};

LockWaiters::LockWaiters(EventLoop& loop, Done done) : loop_(&loop), done_(std::move(done)) {}

LockWaiters::~LockWaiters() {
  clear();
}

Result<uint64_t> LockWaiters::wait(uint64_t unique, UniqueFd fd, LockRequest request) {
  if (waiters_.size() >= kMaxLockWaiters) {
    return refuse(ENOLCK);
  }
  if (std::erase(early_, unique) > 0) {
    return refuse(EINTR);
  }
  install_handler();
  const uint64_t ticket = next_ticket_++;
  Waiter& waiter = *waiters_.emplace_back(std::make_unique<Waiter>(ticket, unique, std::move(fd), request));
  const auto tell = scope_.bind([this, ticket](int error) {
    std::erase_if(waiters_, [&](const auto& one) { return one->ticket() == ticket; });
    done_(ticket, error);
  });
  waiter.start([loop = loop_, tell](int error) { loop->post([tell, error] { tell(error); }); });
  return ticket;
}

void LockWaiters::interrupt(uint64_t unique) {
  const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                  [&](const auto& one) { return one->unique() == unique; });
  if (found != waiters_.end()) {
    (*found)->interrupt();
    return;
  }
  // Most have just been answered. No number is used twice.
  early_.push_back(unique);
  if (early_.size() > kMaxLockWaiters) {
    early_.pop_front();
  }
}

void LockWaiters::clear() {
  scope_.renew();
  for (const auto& waiter : waiters_) {
    waiter->interrupt();
  }
  waiters_.clear();
  early_.clear();
}

}  // namespace caisson::vmm::fs
