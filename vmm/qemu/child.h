// SPDX-License-Identifier: Apache-2.0
// QEMU's process: started with nothing but the descriptors it is meant to have, dies with us, stopped and
// reaped through its pidfd. Used by QemuMachine alone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class Child {
 public:
  struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
  };

  struct Spec {
    std::string program;  // path
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // all of it: ours is not inherited
    std::vector<int> inherited;  // kept open under their own numbers (3 and up); all others are closed
    int standard_error = -1;     // becomes its standard output too
    // The death of a parent kills the child only where the parent may signal it: the identity must be our
    // own, or we keep CAP_KILL for as long as we live.
    std::optional<Identity> identity;
    // Network, IPC and UTS namespaces of its own, empty ones; needs CAP_SYS_ADMIN.
    bool isolate = false;
  };

  struct Exit {
    bool signalled = false;
    int code = 0;  // exit status, or signal number
  };

  // Starts `spec` and returns once it executes. The calling *thread* is the parent that the kernel watches:
  // it must live as long as the child should.
  static Result<Child> spawn(const Spec& spec);

  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // kills and reaps

  // Readable once the process has ended.
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

  // Stops all threads; returns when they have. They continue with resume().
  Result<void> pause();
  Result<void> resume();

  void kill();
  // Waits for the end (kill() first, or once pidfd() is readable) and removes the zombie.
  Exit reap();

 private:
  explicit Child(UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}

  UniqueFd pidfd_;
  std::optional<Exit> exit_;
};

}  // namespace caisson::vmm
