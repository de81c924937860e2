// SPDX-License-Identifier: Apache-2.0
// The relay that stands for an exec'd process on the host. It carries the process's bytes, passes signals on,
// and ends with the process's exit code. The relay is this process, or with --detach a child process. Its pid
// goes into the pid file. Used by exec.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "common/relay/terminal.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/state/state_directory.h"

namespace caisson::agent::v1 {
class CreateProcessRequest;
}

namespace caisson::runtime {

struct ExecRelay {
  const ContainerDirectory& directory;
  const agent::v1::CreateProcessRequest& message;
  const std::optional<PtyPair>& terminal;  // none: the terminal is caisson's own, or the process has none
  const std::string& pid_file;             // empty: none; so is the next member
  const std::string& pidfd_socket;

  // Returns the process's exit code.
  Result<int> run_here() const;
  // Forks before any thread exists. The child outlives this process. The engine reaps the child, and learns
  // the exit code from it. Returns 0 once the process runs.
  Result<int> run_detached() const;

 private:
  [[noreturn]] void be_the_child(UniqueFd outcome) const;
  [[nodiscard]] int attend_as_child(UniqueFd outcome) const;
  // Writes the relay's pid file. If that fails, no process may stay behind, because nobody would know of it.
  Result<void> tell_pid(pid_t pid) const;
  Result<void> send_pidfd_of(pid_t pid) const;
};

}  // namespace caisson::runtime
