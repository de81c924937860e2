// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/service_manager.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

namespace caisson::vmm {

Result<ServiceManager> ServiceManager::connect(UniqueFd socket, bool is_main_process) {
  if (!is_main_process) {
    return ServiceManager(std::move(socket), std::string());
  }
  // getpid() counts in our own pid namespace; /proc is the host's.
  std::array<char, 16> pid{};
  const ssize_t size = ::readlink("/proc/self", pid.data(), pid.size());
  if (size <= 0) {
    return fail_errno("read /proc/self");
  }
  return ServiceManager(std::move(socket), std::string(pid.data(), static_cast<size_t>(size)));
}

void ServiceManager::tell_ready() {
  if (!socket_) {
    return;
  }
  const std::string message = main_pid_.empty() ? "READY=1" : "READY=1\nMAINPID=" + main_pid_;
  // A manager that does not read must not stop the machine.
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    spdlog::warn("tell the service manager that the container is ready: {}", std::strerror(errno));
  }
  socket_.reset();
}

}  // namespace caisson::vmm
