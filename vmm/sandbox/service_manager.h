// SPDX-License-Identifier: Apache-2.0
// Tells the host's service manager that the container serves: sd_notify(3). The message contains nothing that
// the guest said. Partner: runtime/launch/service_manager, which connected the socket.
#pragma once

#include <string>
#include <utility>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class ServiceManager {
 public:
  // Without a manager: reports nothing.
  ServiceManager() = default;
  // Call it before the jail is closed. `is_main_process`: caisson-vmm is the service's main process, because
  // its starter has gone.
  static Result<ServiceManager> connect(UniqueFd socket, bool is_main_process);

  // The first call is passed on, whatever the guest says later.
  void tell_ready();

 private:
  ServiceManager(UniqueFd socket, std::string main_pid)
      : socket_(std::move(socket)), main_pid_(std::move(main_pid)) {}

  UniqueFd socket_;
  std::string main_pid_;  // as the host counts; empty: caisson-vmm is not the main process
};

}  // namespace caisson::vmm
