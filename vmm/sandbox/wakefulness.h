// SPDX-License-Identifier: Apache-2.0
// Whether the vCPUs of a machine run: they stand still while the runtime wants the container paused and no
// client needs an answer of its guest. One thread.
#pragma once

#include <set>

#include "common/result.h"
#include "vmm/machine/machine.h"
#include "vmm/sandbox/control_socket.h"

namespace caisson::vmm {

class Wakefulness {
 public:
  // The machine must outlive it.
  explicit Wakefulness(Machine& machine) : machine_(machine) {}

  // What the runtime wants from now on. After an error the old wish stays.
  Result<void> pause();
  Result<void> resume();
  [[nodiscard]] bool is_paused() const { return paused_; }

  // Until let_go() of the same client the vCPUs run, paused or not.
  Result<void> wake(ControlSocket::Client client);
  // Harmless for a client that did not wake the machine.
  Result<void> let_go(ControlSocket::Client client);

 private:
  Machine& machine_;
  bool paused_ = false;
  std::set<ControlSocket::Client> wakers_;
};

}  // namespace caisson::vmm
