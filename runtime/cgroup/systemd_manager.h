// SPDX-License-Identifier: Apache-2.0
// The host's systemd over D-Bus (org.freedesktop.systemd1(5)): transient scopes, their properties, their end.
// libsystemd is loaded at its first use, so that commands without systemd do not wait for it. Used by
// scope.h.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/scope_name.h"

namespace caisson::runtime {

class SystemdManager {
 public:
  // ENOTSUP without libsystemd, ECONNREFUSED or ENOENT where no systemd answers.
  static Result<SystemdManager> connect();
  SystemdManager(SystemdManager&&) noexcept;
  SystemdManager& operator=(SystemdManager&&) = delete;
  ~SystemdManager();

  // Starts a delegated scope around a process, and waits until it has. Returns its cgroup, from the root of
  // each hierarchy on.
  Result<std::string> start_scope(const ScopeName& name, const std::string& description, pid_t process,
                                  const std::vector<ScopeProperty>& properties);
  // Until the scope ends.
  Result<void> set_properties(const std::string& unit, const std::vector<ScopeProperty>& properties);
  // Ends the scope with all its processes, and waits for that. A scope that has ended already is no error.
  Result<void> stop(const std::string& unit);

 private:
  struct Bus;
  explicit SystemdManager(std::unique_ptr<Bus> bus);
  std::unique_ptr<Bus> bus_;
};

}  // namespace caisson::runtime
