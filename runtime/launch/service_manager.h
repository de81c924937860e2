// SPDX-License-Identifier: Apache-2.0
// A container as a service that says when it serves: sd_notify(3), with the socket that NOTIFY_SOCKET names
// to caisson. The guest has a socket of its own (agent/container/notify_socket.h), caisson-vmm passes its
// READY=1 on. As runc and crun do, and nothing but READY=1. Used by create.
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
  std::string directory;  // absolute, in the container: where the guest's socket "notify" shall be
};

// What `address`, the value of NOTIFY_SOCKET, leads to: a path, or with "@" first an abstract name. None when
// it is null or empty. EINVAL for what is neither. A manager that cannot be reached is a warning: the
// container has the socket all the same, as with runc.
Result<std::optional<ServiceManager>> find_service_manager(const char* address);

// Sets NOTIFY_SOCKET in the process's environment to the socket in `directory`.
void set_notify_socket(const std::string& directory, agent::v1::Process& process);

}  // namespace caisson::runtime
