// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/scope.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "runtime/cgroup/systemd_manager.h"

namespace caisson::runtime {

Result<Placeholder> Placeholder::start() {
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) {
    return fail_errno("start placeholder of the scope");
  }
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Between fork() and prctl() the parent may have died already.
    while (::getppid() == parent) {
      ::pause();
    }
    ::_exit(0);
  }
  return Placeholder(process);
}

Placeholder::~Placeholder() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);  // ours, and not reaped yet: nobody else can have its number
    ::waitpid(process_, nullptr, 0);
  }
}

Result<StartedScope> start_scope(const ScopeName& name, const std::string& container,
                                 const std::vector<CgroupWrite>& limits) {
  SystemdManager manager = TRY(SystemdManager::connect());
  Placeholder placeholder = TRY(Placeholder::start());
  std::string path = TRY(manager.start_scope(name, "Caisson container " + container, placeholder.pid(),
                                             scope_properties(limits)));
  return StartedScope{.path = std::move(path), .placeholder = std::move(placeholder)};
}

Result<void> update_scope(const std::string& unit, const std::vector<CgroupWrite>& limits) {
  SystemdManager manager = TRY(SystemdManager::connect());
  return manager.set_properties(unit, scope_properties(limits));
}

Result<void> stop_scope(const std::string& unit) {
  SystemdManager manager = TRY(SystemdManager::connect());
  return manager.stop(unit);
}

}  // namespace caisson::runtime
