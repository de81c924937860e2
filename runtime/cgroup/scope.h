// SPDX-License-Identifier: Apache-2.0
// The life of a container's scope of systemd: started around a placeholder, since systemd makes none without
// a process, and caisson-vmm joins it like any other cgroup before it executes. Used by create, update and
// delete.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/cgroup/scope_name.h"

namespace caisson::runtime {

// A child process that does nothing. It ends with the object.
class Placeholder {
 public:
  static Result<Placeholder> start();
  Placeholder(Placeholder&& other) noexcept : process_(std::exchange(other.process_, -1)) {}
  Placeholder& operator=(Placeholder&&) = delete;
  ~Placeholder();

  [[nodiscard]] pid_t pid() const { return process_; }

 private:
  explicit Placeholder(pid_t process) : process_(process) {}
  pid_t process_;
};

struct StartedScope {
  std::string path;         // of its cgroup, from the root of each hierarchy on
  Placeholder placeholder;  // holds it until caisson-vmm has joined
};

// Starts the scope with the limits that are systemd's own.
Result<StartedScope> start_scope(const ScopeName& name, const std::string& container,
                                 const std::vector<CgroupWrite>& limits);
Result<void> update_scope(const std::string& unit, const std::vector<CgroupWrite>& limits);
// Ends the processes of the scope. A scope that has ended already is no error.
Result<void> stop_scope(const std::string& unit);

}  // namespace caisson::runtime
