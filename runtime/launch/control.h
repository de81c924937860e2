// SPDX-License-Identifier: Apache-2.0
// caisson-vmm's control socket (docs/launch.md): stop and continue the vCPUs, read its counters, give it
// files.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/control/verb.h"
#include "runtime/state/state_directory.h"

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// Sends `verb` and returns the line of the answer. An {"error": …} is an Error.
Result<std::string> ask_vmm(const ContainerDirectory& directory, Verb verb);

// LIMIT: how long a call of the agent of an awake guest may take.
inline constexpr std::chrono::seconds kAwakePatience{30};

// The files that a process of the guest gets (fill_stdio, fill_preserved). caisson-vmm serves each until the
// guest has closed it. While this object lives, the files wait for the guest to open them. If this process is
// killed meanwhile, caisson-vmm lets go of them.
class GivenFiles {
 public:
  static Result<GivenFiles> give(const ContainerDirectory& directory, const agent::v1::Process& process);

 private:
  explicit GivenFiles(UniqueFd connection) : connection_(std::move(connection)) {}
  UniqueFd connection_;
};

// While this object lives, the vCPUs of a paused container run, so that its agent can answer. Afterwards they
// stop again, unless the container has been resumed or another AwakeGuest needs them. The guest keeps the
// container itself frozen. Harmless for a container that is not paused.
class AwakeGuest {
 public:
  static Result<AwakeGuest> of(const ContainerDirectory& directory, const ContainerState& state);

 private:
  explicit AwakeGuest(UniqueFd connection) : connection_(std::move(connection)) {}
  UniqueFd connection_;  // caisson-vmm lets the guest sleep when it closes
};

}  // namespace caisson::runtime
