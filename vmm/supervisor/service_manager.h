// SPDX-License-Identifier: Apache-2.0
// Tells the host's service manager that the container serves: sd_notify(3). What the guest said is no part of
// the message. Partner: runtime/sandbox/service_manager, which connected the socket.
#pragma once

#include "common/unique_fd.h"

namespace caisson::vmm {

class ServiceManager {
 public:
  // Nobody to tell.
  ServiceManager() = default;
  // `main_pid`: we are the service's main process, since whoever started us has gone.
  ServiceManager(UniqueFd socket, bool main_pid) : socket_(std::move(socket)), main_pid_(main_pid) {}

  // The first call is passed on, whatever the guest says later.
  void tell_ready();

 private:
  UniqueFd socket_;
  bool main_pid_ = false;
};

}  // namespace caisson::vmm
