// SPDX-License-Identifier: Apache-2.0
// Who stands for an exec'd process on the host: carries its bytes, passes on signals and ends with its exit
// code. That is this process, or with --detach a child of ours, whose pid goes into the pid file. Used by
// exec.
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
  const std::optional<PtyPair>& terminal;  // none: it is ours, or the process has none
  const std::string& pid_file;             // empty: none, as for the next
  const std::string& pidfd_socket;

  // The process's exit code.
  Result<int> run_here() const;
  // fork() comes before any thread. The child outlives us; the engine, our reaper, learns the exit code from
  // it. 0 once the process runs.
  Result<int> run_detached() const;

 private:
  [[noreturn]] void be_the_child(UniqueFd outcome) const;
  [[nodiscard]] int attend_as_child(UniqueFd outcome) const;
  // Of the relay. Failing this, there shall be no process that nobody knows of.
  Result<void> tell_pid(pid_t pid) const;
  Result<void> send_pidfd_of(pid_t pid) const;
};

}  // namespace caisson::runtime
