// SPDX-License-Identifier: Apache-2.0
#include "common/watch.h"

#include <sys/epoll.h>

#include <utility>

#include "common/event_loop.h"

namespace caisson {

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    reset();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void Watch::reset() {
  // The handler may be what keeps this very value: nothing of it is touched once the loop has let go.
  if (const auto entry = std::exchange(entry_, {}).lock()) {
    entry->loop->end(*entry);
  }
}

Result<void> Watch::modify(uint32_t events) {
  const auto entry = entry_.lock();
  if (!entry) {
    return fail(EBADF, "change watch of descriptor: it has ended");
  }
  if (events == entry->events && (events & (EPOLLET | EPOLLONESHOT)) == 0) {
    return {};
  }
  return entry->loop->change(*entry, events);
}

}  // namespace caisson
