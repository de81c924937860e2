// SPDX-License-Identifier: Apache-2.0
// Readiness of a container that is a service: sd_notify(3), with the socket that NOTIFY_SOCKET names to
// caisson. The guest has a socket of its own (agent/container/notify_socket.h). caisson-vmm passes READY=1
// on, as runc and crun do, and nothing else. Used by create.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

struct ServiceManager {
  UniqueFd socket;        // a datagram socket, connected
  std::string directory;  // absolute, in the container: the place of the guest's socket "notify"
};

// Connects to `address`, the value of NOTIFY_SOCKET: a path, or with "@" first an abstract name. Returns none
// if it is null or empty. EINVAL for other values. A manager that cannot be reached is a warning: the
// container has the socket all the same, as with runc.
Result<std::optional<ServiceManager>> find_service_manager(const char* address);

// Sets NOTIFY_SOCKET in the process's environment to the socket in `directory`.
void set_notify_socket(const std::string& directory, agent::v1::Process& process);

}  // namespace caisson::runtime
