// SPDX-License-Identifier: Apache-2.0
#include "common/timer.h"

#include <utility>

#include "common/event_loop.h"

namespace caisson {

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void Timer::cancel() {
  // The task may be what keeps this very value: nothing of it is touched once the loop has let go.
  if (const auto entry = std::exchange(entry_, {}).lock()) {
    entry->loop->cancel(*entry);
  }
}

}  // namespace caisson
