// SPDX-License-Identifier: Apache-2.0
// QEMU's process: started with no other descriptors than those it is meant to have. It dies with caisson-vmm.
// Its pidfd stops and reaps it. Used by QemuMachine alone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/qemu/confinement.h"

namespace caisson::vmm {

class Child {
 public:
  struct Spec {
    std::string program;  // path
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // all of it: QEMU does not inherit caisson-vmm's
    std::vector<int> inherited;  // kept open under their own numbers (3 and up); all others are closed
    int standard_error = -1;     // becomes its standard output too
    // None for a stand-in that a test runs: `program` is then executed by its path. The death of a parent
    // kills a child of another user only where the parent may signal it: it must keep CAP_KILL as long as it
    // lives.
    const Confinement* confinement = nullptr;
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

// For an operator: how it ended.
[[nodiscard]] std::string describe(const Child::Exit& exit);

}  // namespace caisson::vmm
