// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/wakefulness.h"

namespace caisson::vmm {

Result<void> Wakefulness::pause() {
  if (wakers_.empty()) {
    TRY(machine_.pause());
  }
  paused_ = true;
  return {};
}

Result<void> Wakefulness::resume() {
  TRY(machine_.resume());
  paused_ = false;
  return {};
}

Result<void> Wakefulness::wake(ControlSocket::Client client) {
  if (paused_) {
    TRY(machine_.resume());
  }
  wakers_.insert(client);
  return {};
}

Result<void> Wakefulness::let_go(ControlSocket::Client client) {
  const bool was_last = wakers_.erase(client) > 0 && wakers_.empty();
  return was_last && paused_ ? machine_.pause() : Result<void>();
}

}  // namespace caisson::vmm
