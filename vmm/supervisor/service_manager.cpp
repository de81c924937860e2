// SPDX-License-Identifier: Apache-2.0
#include "vmm/supervisor/service_manager.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace caisson::vmm {

void ServiceManager::tell_ready() {
  if (!socket_) {
    return;
  }
  const std::string message =
      main_pid_ ? "READY=1\nMAINPID=" + std::to_string(::getpid()) : std::string("READY=1");
  // A manager that does not read must not stop the machine.
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    spdlog::warn("tell the service manager that the container is ready: {}", std::strerror(errno));
  }
  socket_.reset();
}

}  // namespace caisson::vmm
